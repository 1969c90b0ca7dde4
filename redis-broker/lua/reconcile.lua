-- reconcile: one step of a search for what no operation leaves behind, and its mending (B17).
-- KEYS: queue, ready, tasks, history, failures, names, scheduled, failed, dead, done, kept,
--   suspects, ghosts, leases, bell, search, lost, then running of workers: of the one in ARGV for
--   `held`, of those in ARGV for `holders`, of all that the caller saw in leases for `end` and `check`
-- ARGV: what the caller is prepared for: `begin`, `check` (begin if the numbers do not add up, or the
--   last search was long ago) or the stage that it saw; the grace in ms; then for `held` a worker
--   or '', for `holders` the next cursor of SCAN and workers, for `end` and `check` the workers
-- Returns: whether there is more to do, and how much was mended of each class: lost, empty, doubled,
--   unleased, leftovers, untimed, ghosts, malformed; whether it has ended without being sure of all
local step = ARGV[1]

-- A search of the whole queue once a day, whatever the numbers say, and whatever a clock said that was
-- ahead for a moment.
local PATROL_MS = 86400000

-- Begins a search if the numbers are not those that the last one left. Those of more claims than can be
-- summed in a step are not known: the daily search sees what is off there.
local function check()
  if not knows_all(3) then
    return
  end
  local running = sum_of_held()
  local last = call('HMGET', K.queue, 'searched', 'off')
  local searched = tonumber(last[1] or '') or 0
  local is_time = now - searched > PATROL_MS or searched > now
  if is_time or (running and off_by(running) ~= last[2]) then
    begin_search()
  else
    -- One that nobody went on with has ended.
    call('HDEL', K.queue, 'searching')
  end
end

unlock()
if step == 'begin' then
  begin_search()
elseif step == 'check' and not state.stage then
  check()
elseif not state.stage then
  call('HDEL', K.queue, 'searching')
elseif step == state.stage then
  if step == 'collect' then
    collect()
  elseif step == 'ready' then
    seek_in_list()
  elseif step == 'held' then
    seek_in_claims(ARGV[3])
  elseif step == 'holders' then
    lease_holders(ARGV[3], tonumber(ARGV[2]))
  else
    finish(3)
  end
end
-- A step that another caller has done meanwhile is not done twice: the next one is.
if state.stage then
  save_search()
end
return {
  state.stage and 1 or 0, found.lost, found.empty, found.doubled, found.unleased, found.leftovers,
  found.untimed, found.ghosts, found.malformed, ended_unsure and 1 or 0,
}
