//! What stands in `#[task(..)]`.

use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned;
use syn::{Attribute, Error, Expr, LitInt, LitStr, Path, Result, Type};

use crate::text::{self, BackoffText};

/// The keys that were given.
#[derive(Default)]
pub(crate) struct Settings {
    pub(crate) name: Option<NameSetting>,
    pub(crate) queue: Option<NameSetting>,
    pub(crate) retries: Option<u32>,
    pub(crate) timeout_ms: Option<u64>,
    pub(crate) backoff: Option<BackoffSetting>,
    pub(crate) codec: Option<Type>,
    pub(crate) tireless: Option<Path>,
}

pub(crate) enum NameSetting {
    Text(LitStr),
    /// Of a constant, whose text only the compiler knows.
    Const(Path),
}

pub(crate) enum BackoffSetting {
    Text(BackoffText),
    Value(Expr),
}

const KEYS: &str = "the keys are name, queue, retries, timeout, backoff, codec and crate";

impl Settings {
    pub(crate) fn read(attributes: &[Attribute]) -> Result<Self> {
        let mut settings = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("task")) {
            attribute.parse_nested_meta(|meta| settings.read_key(&meta))?;
        }
        Ok(settings)
    }

    fn read_key(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        let key = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
        match key.as_str() {
            "name" => once(&mut self.name, meta, checked_name),
            "queue" => once(&mut self.queue, meta, checked_name),
            "retries" => once(&mut self.retries, meta, retries),
            "timeout" => once(&mut self.timeout_ms, meta, timeout),
            "backoff" => once(&mut self.backoff, meta, backoff),
            "codec" => once(&mut self.codec, meta, |meta| meta.value()?.parse()),
            "crate" => once(&mut self.tireless, meta, path),
            _ => Err(meta.error(format!("unknown key; {KEYS}"))),
        }
    }
}

fn once<T>(
    place: &mut Option<T>,
    meta: &ParseNestedMeta<'_>,
    read: impl FnOnce(&ParseNestedMeta<'_>) -> Result<T>,
) -> Result<()> {
    if place.is_some() {
        return Err(meta.error("this key was given before"));
    }
    *place = Some(read(meta)?);
    Ok(())
}

fn checked_name(meta: &ParseNestedMeta<'_>) -> Result<NameSetting> {
    let value = meta.value()?;
    if !value.peek(LitStr) {
        let wrong = "a name is a text in quotes, or the path of a constant &str";
        let path: Path = value.parse().map_err(|error: Error| Error::new(error.span(), wrong))?;
        return Ok(NameSetting::Const(path));
    }
    let literal: LitStr = value.parse()?;
    match text::name_problem(&literal.value()) {
        Some(problem) => Err(Error::new(literal.span(), problem)),
        None => Ok(NameSetting::Text(literal)),
    }
}

fn retries(meta: &ParseNestedMeta<'_>) -> Result<u32> {
    let value = meta.value()?;
    let wrong = |span| Error::new(span, "retries is the number of tries after the first one");
    let literal: LitInt = value.parse().map_err(|error: Error| wrong(error.span()))?;
    literal.base10_parse().map_err(|_| wrong(literal.span()))
}

fn timeout(meta: &ParseNestedMeta<'_>) -> Result<u64> {
    let literal: LitStr = meta.value()?.parse().map_err(|error| {
        Error::new(error.span(), "a timeout is a text with a unit, such as \"30s\"")
    })?;
    match text::duration_ms(&literal.value()) {
        Ok(0) => Err(Error::new(literal.span(), "a timeout of zero would end every run")),
        Ok(millis) => Ok(millis),
        Err(problem) => Err(Error::new(literal.span(), problem)),
    }
}

fn backoff(meta: &ParseNestedMeta<'_>) -> Result<BackoffSetting> {
    let value: Expr = meta.value()?.parse()?;
    let Expr::Lit(syn::ExprLit { lit, .. }) = &value else {
        return Ok(BackoffSetting::Value(value));
    };
    let syn::Lit::Str(literal) = lit else {
        return Err(Error::new(value.span(), text::BACKOFF_FORMS));
    };
    text::backoff(&literal.value())
        .map(BackoffSetting::Text)
        .map_err(|problem| Error::new(literal.span(), problem))
}

/// A path, or a path in quotes as other derives have it.
fn path(meta: &ParseNestedMeta<'_>) -> Result<Path> {
    let value = meta.value()?;
    if value.peek(LitStr) {
        return value.parse::<LitStr>()?.parse_with(Path::parse_mod_style);
    }
    value.call(Path::parse_mod_style)
}
