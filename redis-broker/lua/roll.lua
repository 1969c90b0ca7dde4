-- roll: the workers that live and what they tell.
-- KEYS: workers, worker-info
-- ARGV: none
-- Returns: worker, lease end and what it tells, for each
local live = call('ZRANGEBYSCORE', K.workers, '(' .. now, '+inf', 'WITHSCORES', 'LIMIT', 0, 10000)
local rows = {}
for at = 1, #live, 2 do
  rows[#rows + 1] = live[at]
  rows[#rows + 1] = live[at + 1]
  rows[#rows + 1] = call('HGET', K['worker-info'], live[at]) or ''
end
return rows
