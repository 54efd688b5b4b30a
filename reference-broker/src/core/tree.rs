//! A tree of topic levels, for subscriptions (looked up by topic name) and retained messages (looked up by filter).

mod topics;

use std::collections::BTreeMap;

/// Which of the matching rules of §4.7 hold; all of them, except in a mutant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Matching {
    /// Leading wildcards do not match topic names that begin with `$`.
    pub(crate) hides_dollar: bool,
    /// `#` also matches the level above it.
    pub(crate) parent_level: bool,
    /// `+` matches one level only.
    pub(crate) single_level: bool,
}

/// Values at paths whose levels are separated by `/`.
///
/// The nodes live in one vector and refer to each other by index, so that neither a walk nor the drop of a path with
/// tens of thousands of levels recurses.
#[derive(Debug)]
pub(crate) struct Tree<T> {
    nodes: Vec<Node<T>>,
    free: Vec<NodeId>,
}

/// The index of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NodeId(u32);

/// The state of a walk, kept for the next one.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    here: Vec<NodeId>,
    below: Vec<NodeId>,
    /// How many nodes the last walk has seen.
    pub(crate) steps: usize,
    /// The nodes that the last walk has found; not all have a value.
    pub(crate) found: Vec<NodeId>,
}

const ROOT: NodeId = NodeId(0);

#[derive(Debug)]
struct Node<T> {
    children: BTreeMap<Box<str>, NodeId>,
    value: Option<T>,
}

impl<T> Default for Node<T> {
    fn default() -> Self {
        Self { children: BTreeMap::new(), value: None }
    }
}

impl<T> Tree<T> {
    /// An empty tree; allocates nothing.
    pub(crate) const fn new() -> Self {
        Self { nodes: Vec::new(), free: Vec::new() }
    }

    /// How many levels it holds.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len() - self.free.len()
    }

    /// The value at `path`.
    pub(crate) fn get(&self, path: &str) -> Option<&T> {
        self.node(self.find(path)?)?.value.as_ref()
    }

    /// The value at `path`, to change.
    pub(crate) fn get_mut(&mut self, path: &str) -> Option<&mut T> {
        let id = self.find(path)?;
        self.value_mut(id)
    }

    /// All values, in no order that means anything.
    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.nodes.iter().filter_map(|node| node.value.as_ref())
    }

    /// The value of a node that a walk has found.
    pub(crate) fn value_mut(&mut self, id: NodeId) -> Option<&mut T> {
        self.node_mut(id)?.value.as_mut()
    }

    /// The value at `path`, made by `default` if there is none.
    pub(crate) fn get_or_insert_with(&mut self, path: &str, default: impl FnOnce() -> T) -> Option<&mut T> {
        if self.nodes.is_empty() {
            self.nodes.push(Node::default());
        }
        let mut here = ROOT;
        for level in path.split('/') {
            here = match self.child(here, level) {
                Some(child) => child,
                None => self.add_child(here, level)?,
            };
        }
        Some(self.node_mut(here)?.value.get_or_insert_with(default))
    }

    /// Takes the value at `path` out and drops the levels that lead to nothing any more.
    pub(crate) fn remove(&mut self, path: &str) -> Option<T> {
        let mut way = vec![(ROOT, "")];
        let mut here = ROOT;
        for level in path.split('/') {
            here = self.child(here, level)?;
            way.push((here, level));
        }
        let value = self.node_mut(here)?.value.take()?;
        while let Some((id, level)) = way.pop() {
            let Some(&(parent, _)) = way.last() else { break };
            if self.node(id).is_some_and(|node| node.value.is_some() || !node.children.is_empty()) {
                break;
            }
            if let Some(parent) = self.node_mut(parent) {
                parent.children.remove(level);
            }
            self.free.push(id);
        }
        Some(value)
    }

    /// Finds the filters of this tree that match the topic name.
    pub(crate) fn filters_matching(&self, topic: &str, how: Matching, walk: &mut Walk) {
        let Walk { here, below, steps, found } = walk;
        *steps = 0;
        found.clear();
        here.clear();
        if !self.nodes.is_empty() {
            here.push(ROOT);
        }
        let mut wildcards = !(how.hides_dollar && topic.starts_with('$'));
        for level in topic.split('/') {
            *steps += here.len();
            for id in here.drain(..) {
                if wildcards {
                    found.extend(self.child(id, "#"));
                    below.extend(self.child(id, "+"));
                    if !how.single_level {
                        found.extend(self.child(id, "+"));
                    }
                }
                below.extend(self.child(id, level));
            }
            std::mem::swap(here, below);
            wildcards = true;
        }
        for id in here.drain(..) {
            if how.single_level || !found.contains(&id) {
                found.push(id);
            }
            if how.parent_level {
                found.extend(self.child(id, "#"));
            }
        }
    }

    fn find(&self, path: &str) -> Option<NodeId> {
        path.split('/').try_fold(ROOT, |id, level| self.child(id, level))
    }

    fn child(&self, id: NodeId, level: &str) -> Option<NodeId> {
        self.node(id)?.children.get(level).copied()
    }

    fn add_child(&mut self, parent: NodeId, level: &str) -> Option<NodeId> {
        let id = if let Some(id) = self.free.pop() {
            id
        } else {
            let id = NodeId(u32::try_from(self.nodes.len()).ok()?);
            self.nodes.push(Node::default());
            id
        };
        self.node_mut(parent)?.children.insert(level.into(), id);
        Some(id)
    }

    fn node(&self, id: NodeId) -> Option<&Node<T>> {
        self.nodes.get(id.0 as usize)
    }

    fn node_mut(&mut self, id: NodeId) -> Option<&mut Node<T>> {
        self.nodes.get_mut(id.0 as usize)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const ALL: Matching = Matching { hides_dollar: true, parent_level: true, single_level: true };

    #[rstest]
    #[case("sport/tennis/#", "sport/tennis", true)]
    #[case("sport/tennis/#", "sport/tennis/player1/ranking", true)]
    #[case("#", "sport", true)]
    #[case("#", "$SYS/uptime", false)]
    #[case("+/uptime", "$SYS/uptime", false)]
    #[case("$SYS/#", "$SYS/uptime", true)]
    #[case("+", "/finance", false)]
    #[case("/+", "/finance", true)]
    #[case("+/+", "/finance", true)]
    #[case("sport/+", "sport", false)]
    #[case("sport/+", "sport/", true)]
    #[case("sport/+", "sport/a/b", false)]
    #[case("a", "A", false)]
    fn both_walks_agree(#[case] filter: &str, #[case] topic: &str, #[case] expected: bool) {
        let mut filters = Tree::new();
        filters.get_or_insert_with(filter, || ());
        let mut walk = Walk::default();
        filters.filters_matching(topic, ALL, &mut walk);
        let found = walk.found.iter().filter(|id| filters.value_mut(**id).is_some());
        assert_eq!(found.count(), usize::from(expected));

        let mut topics = Tree::new();
        topics.get_or_insert_with(topic, || ());
        let mut walk = topics.topics_matching(filter, ALL, None);
        let mut count = 0;
        while walk.step() {
            count += walk.value().iter().count();
        }
        assert_eq!(count, usize::from(expected));
    }

    #[test]
    fn removing_leaves_no_levels_behind() {
        let mut tree = Tree::new();
        let deep = "/".repeat(65_534);
        tree.get_or_insert_with("a/b", || 1);
        let before = tree.len();
        tree.get_or_insert_with(&deep, || 2);
        tree.get_or_insert_with("a/b/c", || 3);
        assert_eq!(tree.remove("a/b/x"), None);
        assert_eq!(tree.remove("a"), None);
        assert_eq!((tree.remove(&deep), tree.remove("a/b/c")), (Some(2), Some(3)));
        assert_eq!(tree.len(), before);
        assert_eq!(tree.get("a/b"), Some(&1));
        assert_eq!(tree.remove("a/b"), Some(1));
        assert_eq!(tree.len(), 1);
    }
}
