//! What the derive writes.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Ident, LitStr, Path, Result, parse_quote};

use crate::settings::{BackoffSetting, NameSetting, Settings};
use crate::text::{self, BackoffText};

pub(crate) fn task(input: &DeriveInput) -> Result<TokenStream> {
    if let Data::Union(data) = &input.data {
        return Err(Error::new(data.union_token.span, "a task is a struct or an enum"));
    }
    if !input.generics.params.is_empty() {
        let message = "a task cannot be generic: its name would not say which type it is; derive \
                       Task for a struct that holds the one you mean";
        return Err(Error::new_spanned(&input.generics, message));
    }
    let settings = Settings::read(&input.attrs)?;
    let tireless = settings.tireless.clone().unwrap_or_else(|| parse_quote!(::tireless));
    let ident = &input.ident;
    let name = name_of(input, &settings)?;
    let queue = settings.queue.as_ref().map(|queue| {
        quote! { const QUEUE: &'static str = #queue; }
    });
    let codec = match &settings.codec {
        Some(codec) => quote!(#codec),
        None => quote!(#tireless::Json),
    };
    let policy = policy(&settings, &tireless);
    let checks = [
        check(settings.name.as_ref(), ident, &tireless, &quote!(TypeName), &quote!(NAME)),
        check(settings.queue.as_ref(), ident, &tireless, &quote!(QueueName), &quote!(QUEUE)),
    ];
    Ok(quote! {
        #(#checks)*

        #[automatically_derived]
        impl #tireless::Task for #ident {
            const NAME: &'static str = #name;
            #queue
            type Codec = #codec;
            #policy
        }
    })
}

impl ToTokens for NameSetting {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Text(text) => text.to_tokens(tokens),
            Self::Const(path) => path.to_tokens(tokens),
        }
    }
}

/// What the compiler checks of a constant, since its text is not known here.
fn check(
    setting: Option<&NameSetting>,
    ident: &Ident,
    tireless: &Path,
    kind: &TokenStream,
    constant: &TokenStream,
) -> Option<TokenStream> {
    let Some(NameSetting::Const(path)) = setting else { return None };
    Some(quote_spanned! {path.span()=>
        const _: () = ::core::assert!(
            #tireless::#kind::is_legal(<#ident as #tireless::Task>::#constant),
            "a name has 1 to 128 bytes; allowed are A-Z a-z 0-9 . _ : -"
        );
    })
}

fn name_of(input: &DeriveInput, settings: &Settings) -> Result<TokenStream> {
    if let Some(name) = &settings.name {
        return Ok(name.to_token_stream());
    }
    let ident = &input.ident;
    let name = ident.to_string();
    let name = name.strip_prefix("r#").unwrap_or(&name);
    match text::name_problem(name) {
        None => Ok(LitStr::new(name, ident.span()).to_token_stream()),
        Some(problem) => {
            let message = format!("{problem}; choose one with #[task(name = \"..\")]");
            Err(Error::new(ident.span(), message))
        }
    }
}

fn policy(settings: &Settings, tireless: &Path) -> Option<TokenStream> {
    let retries = settings.retries.map(|retries| quote! { policy.retries = #retries; });
    let timeout = settings.timeout_ms.map(|millis| {
        let timeout = duration(millis);
        quote! { policy.timeout = ::core::option::Option::Some(#timeout); }
    });
    let backoff = settings.backoff.as_ref().map(|backoff| {
        let backoff = backoff_value(backoff, tireless);
        quote! { policy.backoff = #backoff; }
    });
    if retries.is_none() && timeout.is_none() && backoff.is_none() {
        return None;
    }
    Some(quote! {
        fn policy() -> #tireless::RunPolicy {
            let mut policy = <#tireless::RunPolicy as ::core::default::Default>::default();
            #retries
            #timeout
            #backoff
            policy
        }
    })
}

fn backoff_value(backoff: &BackoffSetting, tireless: &Path) -> TokenStream {
    match backoff {
        BackoffSetting::Value(value) => quote! { #tireless::Backoff::from(#value) },
        BackoffSetting::Text(BackoffText::Fixed { delay_ms }) => {
            let delay = duration(*delay_ms);
            quote! { #tireless::Backoff::fixed(#delay) }
        }
        BackoffSetting::Text(BackoffText::Linear { step_ms, cap_ms }) => {
            let (step, cap) = (duration(*step_ms), duration(*cap_ms));
            quote! { #tireless::Backoff::linear(#step, #cap) }
        }
        BackoffSetting::Text(BackoffText::Exponential { first_ms, cap_ms }) => {
            let (first, cap) = (duration(*first_ms), duration(*cap_ms));
            quote! { #tireless::Backoff::exponential(#first, #cap) }
        }
    }
}

fn duration(millis: u64) -> TokenStream {
    quote! { ::core::time::Duration::from_millis(#millis) }
}
