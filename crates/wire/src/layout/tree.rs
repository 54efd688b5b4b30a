//! Finding parts in the tree, and changing the groups that they stand in.

use super::{Body, Layout, Node};
use crate::{edit::EditError, part::Part};

impl Layout {
    /// The part of that name.
    pub(crate) fn find(&mut self, name: &str) -> Result<&mut Node, EditError> {
        let unknown = self.unknown(name);
        find(&mut self.parts, &canonical(name)).ok_or(unknown)
    }

    /// Lets `act` change the group in which the part of that name stands, and tells it where.
    pub(crate) fn at<R>(
        &mut self,
        name: &str,
        act: impl FnOnce(&mut Vec<Node>, usize) -> R,
    ) -> Result<R, EditError> {
        let unknown = self.unknown(name);
        at(&mut self.parts, &canonical(name), &mut Some(act)).ok_or(unknown)
    }

    fn unknown(&self, name: &str) -> EditError {
        let known = self.parts().iter().map(|(part, _)| part.to_string()).collect();
        EditError::UnknownPart { name: name.to_owned(), known }
    }

    /// A copy that can stand anywhere: a length, which counts what follows it, becomes the bytes it has now.
    pub(crate) fn copy(&mut self, name: &str) -> Result<Node, EditError> {
        let mut copy = self.find(name)?.clone();
        if matches!(copy.body, Body::Length { .. }) {
            let whole = Self { keep: None, ..self.clone() };
            let range =
                whole.parts().into_iter().find(|(part, _)| *part == copy.part).map(|(_, range)| range);
            let bytes = range.and_then(|range| whole.bytes().get(range).map(<[u8]>::to_vec));
            copy.body = Body::Bytes(bytes.unwrap_or_default());
        }
        Ok(copy)
    }
}

/// The name as it is compared: the first of several needs no index.
fn canonical(name: &str) -> String {
    name.replace("[0]", "")
}

fn find<'a>(nodes: &'a mut [Node], wanted: &str) -> Option<&'a mut Node> {
    nodes.iter_mut().find_map(|node| {
        if node.is(wanted) {
            return Some(node);
        }
        if let Body::Group(parts) = &mut node.body { find(parts, wanted) } else { None }
    })
}

/// `act` is taken when the part is found.
fn at<R, F>(nodes: &mut Vec<Node>, wanted: &str, act: &mut Option<F>) -> Option<R>
where
    F: FnOnce(&mut Vec<Node>, usize) -> R,
{
    if let Some(index) = nodes.iter().position(|node| node.is(wanted)) {
        return act.take().map(|act| act(nodes, index));
    }
    nodes
        .iter_mut()
        .find_map(|node| if let Body::Group(parts) = &mut node.body { at(parts, wanted, act) } else { None })
}

/// The lowest index that no part with this stem has.
fn free_index(nodes: &[Node], stem: &str) -> usize {
    let of = |node: &Node| {
        let own = if node.part.stem() == stem { node.part.index() + 1 } else { 0 };
        let inner = if let Body::Group(parts) = &node.body { free_index(parts, stem) } else { 0 };
        own.max(inner)
    };
    nodes.iter().map(of).max().unwrap_or(0)
}

impl Node {
    /// Bytes of no meaning, to stand in `layout`.
    pub(crate) fn inserted(bytes: &[u8], layout: &Layout) -> Self {
        const INSERTED: Part = Part::new("inserted");
        let part = INSERTED.nth(free_index(&layout.parts, INSERTED.stem()));
        Self { part, body: Body::Bytes(bytes.to_vec()) }
    }

    fn is(&self, wanted: &str) -> bool {
        canonical(&self.part.to_string()) == wanted
    }

    /// Whether it is the part of that name, or that is inside it.
    pub(crate) fn contains(&mut self, name: &str) -> bool {
        find(std::slice::from_mut(self), &canonical(name)).is_some()
    }

    /// Gives the part and its parts indices that no part of `layout` has.
    pub(crate) fn renumber(&mut self, layout: &Layout) {
        let free = free_index(&layout.parts, self.part.stem());
        self.part = self.part.nth(self.part.index() + free);
        if let Body::Group(parts) = &mut self.body {
            for part in parts {
                part.renumber(layout);
            }
        }
    }

    /// The first length or Variable Byte Integer in the part.
    pub(crate) fn number(&mut self) -> Option<&mut Body> {
        match &mut self.body {
            Body::Group(parts) => parts.iter_mut().find_map(Self::number),
            number @ (Body::Number { .. } | Body::Length { .. }) => Some(number),
            Body::Bytes(_) => None,
        }
    }
}
