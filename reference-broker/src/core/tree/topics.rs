//! The topic names of a tree that a filter matches, one after the other. A walk can be broken off anywhere, and gone on with
//! from the path that it had come to, whatever has changed in the tree meanwhile.

use std::ops::Bound;

use super::{Matching, NodeId, ROOT, Tree};

/// A walk, in the order of the topic names' levels.
pub(crate) struct Topics<'t, T> {
    tree: &'t Tree<T>,
    filter: Vec<&'t str>,
    how: Matching,
    /// From the root to where it is, with the level that leads to each node.
    path: Vec<(NodeId, &'t str)>,
    /// The level at the end of the path behind which it goes on.
    behind: Option<&'t str>,
}

/// The first text behind all those that begin with `$`.
const BEHIND_DOLLAR: &str = "%";

impl<T> Tree<T> {
    /// The walk through the topic names that `filter` matches, behind the path `after` if one is said.
    pub(crate) fn topics_matching<'t>(
        &'t self,
        filter: &'t str,
        how: Matching,
        after: Option<&'t str>,
    ) -> Topics<'t, T> {
        let mut path = if self.nodes.is_empty() { Vec::new() } else { vec![(ROOT, "")] };
        let mut behind = None;
        for level in after.into_iter().flat_map(|after| after.split('/')) {
            let Some(child) = path.last().and_then(|&(node, _)| self.child(node, level)) else {
                behind = Some(level);
                break;
            };
            path.push((child, level));
        }
        Topics { tree: self, filter: filter.split('/').collect(), how, path, behind }
    }
}

impl<'t, T> Topics<'t, T> {
    /// How many levels it is below the root.
    fn depth(&self) -> usize {
        self.path.len().saturating_sub(1)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> String {
        let levels: Vec<&str> = self.path.iter().skip(1).map(|(_, level)| *level).collect();
        levels.join("/")
    }

    /// Goes on to the next node, unless it is at the end.
    pub(crate) fn step(&mut self) -> bool {
        while let Some(&(node, _)) = self.path.last() {
            let behind = self.behind.take();
            if let Some((level, child)) = self.child_behind(node, behind) {
                self.path.push((child, level));
                return true;
            }
            self.behind = self.path.pop().map(|(_, level)| level);
        }
        false
    }

    /// The value where it is, if that is matched and has one.
    pub(crate) fn value(&self) -> Option<&'t T> {
        let (node, _) = self.path.last().filter(|_| self.is_match())?;
        self.tree.node(*node)?.value.as_ref()
    }

    /// The next child of the node at the end of the path that the filter lets pass.
    fn child_behind(&self, node: NodeId, behind: Option<&str>) -> Option<(&'t str, NodeId)> {
        let children = &self.tree.node(node)?.children;
        match self.filter.get(self.depth()) {
            Some(&("+" | "#")) => {}
            None if self.filter.last() == Some(&"#") => {}
            Some(&level) if behind.is_none() => return Some((level, *children.get(level)?)),
            Some(_) | None => return None,
        }
        let from = |bound| children.range::<str, _>((bound, Bound::Unbounded)).next();
        let first = from(behind.map_or(Bound::Unbounded, Bound::Excluded));
        let hides = self.how.hides_dollar && node == ROOT;
        let first = match first {
            Some((level, _)) if hides && level.starts_with('$') => from(Bound::Included(BEHIND_DOLLAR)),
            other => other,
        };
        first.map(|(level, child)| (&**level, *child))
    }

    /// Whether the filter matches the whole path.
    fn is_match(&self) -> bool {
        let (depth, levels) = (self.depth(), self.filter.len());
        if self.filter.last() == Some(&"#") {
            depth >= levels || (depth + 1 == levels && self.how.parent_level)
        } else {
            depth == levels
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    const ALL: Matching = Matching { hides_dollar: true, parent_level: true, single_level: true };

    fn tree(topics: &[&str]) -> Tree<String> {
        let mut tree = Tree::new();
        for topic in topics {
            tree.get_or_insert_with(topic, || (*topic).to_owned());
        }
        tree
    }

    /// All that a walk finds that is broken off after every step.
    fn found(tree: &Tree<String>, filter: &str) -> Vec<String> {
        let (mut found, mut after) = (Vec::new(), None::<String>);
        loop {
            let mut walk = tree.topics_matching(filter, ALL, after.as_deref());
            if !walk.step() {
                return found;
            }
            found.extend(walk.value().cloned());
            after = Some(walk.path());
        }
    }

    #[test]
    fn topics_come_in_order() {
        let tree = tree(&["b", "a/c", "a", "a/b/c", "$x", "a/$y"]);
        assert_eq!(found(&tree, "#"), ["a", "a/$y", "a/b/c", "a/c", "b"]);
        assert_eq!(found(&tree, "a/#"), ["a", "a/$y", "a/b/c", "a/c"]);
        assert_eq!(found(&tree, "a/+"), ["a/$y", "a/c"]);
        assert_eq!(found(&tree, "+"), ["a", "b"]);
        assert_eq!(found(&tree, "$x/#"), ["$x"]);
    }

    #[test]
    fn a_walk_goes_on_where_topics_have_gone() {
        let mut tree = tree(&["a/b/c", "a/d", "e"]);
        let after = "a/b/c";
        tree.remove(after);
        let mut walk = tree.topics_matching("#", ALL, Some(after));
        let mut rest = Vec::new();
        while walk.step() {
            rest.extend(walk.value());
        }
        assert_eq!(rest, ["a/d", "e"]);
    }

    proptest! {
        /// The walk finds what the filter matches by its definition, in order and once.
        #[test]
        fn it_finds_what_matches(
            topics in vec("[ab$]{0,1}(/[ab$]{0,1}){0,3}", 0..12),
            filter in "([ab$]{0,1}|\\+)(/([ab$]{0,1}|\\+)){0,2}(/#)?",
        ) {
            use mqttspec_wire::{TopicFilter, TopicName, Utf8String};
            let text = |text: &str| Utf8String::try_from(text).unwrap();
            prop_assume!(!filter.is_empty());
            let parsed = TopicFilter::parse_v3(&text(&filter)).unwrap();
            let mut topics: Vec<&str> = topics.iter().map(String::as_str).filter(|topic| !topic.is_empty()).collect();
            topics.sort_by(|a, b| a.split('/').cmp(b.split('/')));
            topics.dedup();
            let expected: Vec<_> =
                topics.iter().filter(|topic| parsed.matches(&TopicName::parse(&text(topic)).unwrap())).collect();
            let found = found(&tree(&topics), &filter);
            prop_assert_eq!(found.iter().collect::<Vec<_>>(), expected);
        }
    }
}
