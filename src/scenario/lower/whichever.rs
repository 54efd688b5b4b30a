//! Messages that go to one of several clients.

use super::{Keys, Lower, Mistake, scope::Effect};
use crate::scenario::{
    ast::{Expectation, PacketPattern, Whichever},
    diagnostic::Code,
    node::{Node, Value},
};

impl Lower {
    /// `{of: [a, b], receive: {...}, as: [chosen, other]}`, with `expect` in the place of `receive` to leave the
    /// message in flight.
    pub(super) fn whichever(&mut self, node: &Node) -> Option<Whichever> {
        let mut keys = self.keys(node, "`whichever`")?;
        let of = keys.need(self, "of").map(|node| self.candidates(node));
        let roles = keys.take("as").map_or_else(Vec::new, |node| {
            let roles = self.roles(node, of.as_deref().unwrap_or_default());
            roles.unwrap_or_default()
        });
        let (pattern, acknowledge) = self.what_comes(&mut keys, node)?;
        let terms = self.terms_of_packets(&mut keys);
        keys.finish(self);
        Some(Whichever { of: of?, roles, expectation: Expectation { pattern, terms }, acknowledge })
    }

    fn what_comes(&mut self, keys: &mut Keys<'_>, node: &Node) -> Option<(PacketPattern, bool)> {
        match (keys.take("receive"), keys.take_entry("expect")) {
            (Some(message), None) => Some((self.message(message)?, true)),
            (None, Some(entry)) => Some((self.expected_packet(&entry.value)?, false)),
            (Some(_), Some(entry)) => {
                let message = "`expect` stands beside `receive`";
                self.refuse(Mistake::new(Code::Duplicate, &entry.key_span, message, "one of the two"))
            }
            (None, None) => {
                let message = "`whichever` does not say what comes";
                let label = "`receive` or `expect` is needed";
                self.refuse(Mistake::new(Code::Missing, &node.span, message, label))
            }
        }
    }

    /// The clients that may get it, which listen.
    fn candidates(&mut self, node: &Node) -> Vec<String> {
        let mut names = Vec::new();
        for item in self.filled_list(node, "a list of clients").unwrap_or_default() {
            let Some(name) = self.scalar(item, "the name of a client").map(|scalar| scalar.text.clone())
            else {
                continue;
            };
            if names.contains(&name) {
                let message = format!("`{name}` is listed twice");
                self.add(Mistake::new(Code::Duplicate, &item.span, message, "each client once"));
                continue;
            }
            self.act(&name, &item.span, Effect::Listens);
            names.push(name);
        }
        names
    }

    /// What they are called from then on.
    fn roles(&mut self, node: &Node, of: &[String]) -> Option<Vec<String>> {
        let items = self.filled_list(node, "a list of names")?;
        if items.len() != of.len() {
            let message = format!("{} clients get {} names", of.len(), items.len());
            let label = "first a name for the client that gets the message, then one for each of the others";
            return self.refuse(Mistake::new(Code::WrongValue, &node.span, message, label));
        }
        let mut roles = Vec::new();
        for item in items {
            let name = self.scalar(item, "a name")?.text.clone();
            self.check_name(&name, &item.span, "client")?;
            if of.contains(&name) || roles.contains(&name) {
                let message = format!("`{name}` would be two clients");
                return self.refuse(Mistake::new(
                    Code::Duplicate,
                    &item.span,
                    message,
                    "choose another name",
                ));
            }
            self.takes_role(&name);
            roles.push(name);
        }
        Some(roles)
    }

    /// Notes the names that clients will get.
    pub(super) fn note_roles(&mut self, node: &Node) {
        let roles = node.entries().unwrap_or_default().iter().filter(|entry| entry.key == "as");
        for entry in roles {
            if let Value::List(items) = &entry.value.value {
                let names = items.iter().filter_map(Node::scalar).map(|scalar| scalar.text.clone());
                self.scope.clients.extend(names);
            }
        }
    }
}
