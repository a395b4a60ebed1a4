//! Messages in every language: those of the kit and those of the application, whose own win. A message that is missing in a
//! language is said in English; one that is nowhere shows its id, and a test of the application finds it first.

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use crate::language::Language;

/// The application's messages as Fluent files: `include_str!("../messages/en.ftl")`.
#[derive(Clone, Copy, Debug)]
pub struct MessageFiles {
    pub en: &'static str,
    pub hi: &'static str,
}

const OWN: MessageFiles = MessageFiles { en: include_str!("../messages/en.ftl"), hi: include_str!("../messages/hi.ftl") };

impl MessageFiles {
    const fn of(&self, language: Language) -> &'static str {
        match language {
            Language::En => self.en,
            Language::Hi => self.hi,
        }
    }

    /// The ids of a file's messages, in order. For tests: both files must have the same.
    pub fn ids(&self, language: Language) -> Vec<&'static str> {
        let is_id = |id: &&str| id.starts_with(|c: char| c.is_ascii_alphabetic()) && !id.contains(' ');
        let lines = self.of(language).lines().filter_map(|line| line.split_once('=').map(|(id, _)| id.trim_end()));
        let mut ids: Vec<&str> = lines.filter(is_id).collect();
        ids.sort_unstable();
        ids
    }
}

pub(crate) struct Messages {
    bundles: [FluentBundle<FluentResource>; Language::ALL.len()],
}

impl Messages {
    pub fn new(app: MessageFiles) -> Self {
        Messages { bundles: Language::ALL.map(|language| bundle(language, app)) }
    }

    pub fn knows(&self, id: &str) -> bool {
        self.bundles.iter().any(|bundle| bundle.has_message(id))
    }

    pub fn say(&self, language: Language, id: &str, arguments: &[(&str, FluentValue<'_>)]) -> String {
        let wanted = Language::ALL.iter().position(|known| *known == language).unwrap_or(0);
        let bundles = [&self.bundles[wanted], &self.bundles[0]];
        let arguments: FluentArgs<'_> = arguments.iter().cloned().collect();
        bundles.into_iter().find_map(|bundle| format(bundle, id, &arguments)).unwrap_or_else(|| id.to_owned())
    }
}

fn format(bundle: &FluentBundle<FluentResource>, id: &str, arguments: &FluentArgs<'_>) -> Option<String> {
    let pattern = bundle.get_message(id)?.value()?;
    let mut problems = Vec::new();
    let text = bundle.format_pattern(pattern, Some(arguments), &mut problems).into_owned();
    if !problems.is_empty() {
        tracing::warn!(message = id, ?problems, "a message could not be formatted");
    }
    Some(text)
}

fn bundle(language: Language, app: MessageFiles) -> FluentBundle<FluentResource> {
    let id: LanguageIdentifier = language.tag().parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![id]);
    // Isolation marks would show up in attributes and titles.
    bundle.set_use_isolating(false);
    for files in [OWN, app] {
        let resource = FluentResource::try_new(files.of(language).to_owned()).unwrap_or_else(|(resource, problems)| {
            tracing::error!(?language, ?problems, "a file of messages is broken");
            resource
        });
        bundle.add_resource_overriding(resource);
    }
    bundle
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_say_the_same_things() {
        assert_eq!(OWN.ids(Language::En), OWN.ids(Language::Hi));
        for language in Language::ALL {
            assert!(FluentResource::try_new(OWN.of(language).to_owned()).is_ok(), "{language:?}");
        }
    }

    #[test]
    fn an_application_may_say_it_otherwise() {
        let app = MessageFiles {
            en: "try-again = Once more\nitems = { $n ->\n    [one] one item\n   *[other] { $n } items\n }\n",
            hi: "",
        };
        let messages = Messages::new(app);
        assert_eq!(messages.say(Language::En, "try-again", &[]), "Once more");
        assert_eq!(messages.say(Language::En, "items", &[("n", 2.into())]), "2 items");
        assert_eq!(messages.say(Language::Hi, "items", &[("n", 1.into())]), "one item", "English where Hindi is missing");
        assert_eq!(messages.say(Language::En, "no-such-message", &[]), "no-such-message");
    }
}
