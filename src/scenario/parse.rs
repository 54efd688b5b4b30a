//! YAML text to a tree of [`Node`]s.
//!
//! Of YAML only the part that a reader need not look up is admitted: no anchors, aliases, tags, merge keys or
//! several documents. Effort and memory are bounded by the size of the text and a limit on nesting.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle};

use super::{
    ast::Span,
    diagnostic::{Code, Mistake},
    node::{Entry, Node, Scalar, Value},
    syntax,
};

/// The longest text that is read, in bytes.
const MAX_SIZE: usize = 256 * 1024;
/// The deepest nesting of lists and mappings.
const MAX_DEPTH: usize = 32;

/// The document that `text` is, as far as it can be read; what is wrong with it is added to `mistakes`.
pub(crate) fn parse(text: &str, mistakes: &mut Vec<Mistake>) -> Option<Node> {
    if let Some(mistake) = check_text(text) {
        mistakes.push(mistake);
        return None;
    }
    let offsets = text.char_indices().map(|(offset, _)| offset).collect();
    let mut tree = Tree { text, offsets, stack: Vec::new(), root: None, mistakes };
    tree.read()?;
    tree.root
}

fn check_text(text: &str) -> Option<Mistake> {
    if text.len() > MAX_SIZE {
        let message = format!("this file has {} bytes", text.len());
        let label = format!("a scenario file has at most {MAX_SIZE} bytes");
        return Some(Mistake::new(Code::Syntax, &(0..0), message, label));
    }
    let control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    let (offset, found) = text.char_indices().find(|(_, c)| control(*c))?;
    let span = offset..offset + found.len_utf8();
    let message = format!("the control character U+{:04X} stands in the text", u32::from(found));
    Some(Mistake::new(Code::Syntax, &span, message, "write it as an escape in double quotes"))
}

/// The tree as far as it is built.
struct Tree<'a> {
    text: &'a str,
    /// The byte offset of each character, since the parser counts characters.
    offsets: Vec<usize>,
    /// The lists and mappings that are open, the innermost last.
    stack: Vec<Open>,
    root: Option<Node>,
    mistakes: &'a mut Vec<Mistake>,
}

/// A list or mapping of which more is to come.
enum Open {
    List { start: usize, items: Vec<Node> },
    Map { start: usize, entries: Vec<Entry>, keys: BTreeMap<String, Span>, key: Key },
}

/// Where a mapping stands.
enum Key {
    /// The next node is a key.
    Awaited,
    /// The next node is the value of this key.
    Read(String, Span),
    /// The next node is the value of a key that was refused.
    Refused,
}

impl Tree<'_> {
    fn report(&mut self, span: &Span, message: impl Into<String>, label: impl Into<String>) {
        self.mistakes.push(Mistake::new(Code::Syntax, span, message, label));
    }

    fn offset(&self, marker: Marker) -> usize {
        self.offsets.get(marker.index()).copied().unwrap_or(self.text.len())
    }

    fn read(&mut self) -> Option<()> {
        let mut documents = 0;
        for event in Parser::new_from_str(self.text) {
            let (event, span) = match event {
                Ok((event, span)) => (event, self.offset(span.start)..self.offset(span.end)),
                Err(error) => {
                    let at = self.offset(*error.marker());
                    self.mistakes.push(syntax::explain(self.text, at, error.info()));
                    return None;
                }
            };
            if let Event::DocumentStart(_) = event {
                documents += 1;
                if documents > 1 {
                    self.report(&span, "a second document begins here", "a file holds one scenario");
                    return None;
                }
            }
            self.event(event, span)?;
        }
        if self.root.is_none() {
            self.report(
                &(0..0),
                "this file says nothing",
                "a scenario has at least `title`, `covers` and `steps`",
            );
        }
        Some(())
    }

    /// One event inside the document; `None` where reading on makes no sense.
    fn event(&mut self, event: Event<'_>, span: Span) -> Option<()> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.check_decoration(anchor, tag.is_some(), &span);
                let node = self.scalar(text.into_owned(), style, span);
                self.add(node);
            }
            Event::Alias(_) => {
                self.mistakes.push(syntax::anchor(&span));
                self.add(Node { span, value: Value::Nothing { commented: false } });
            }
            Event::SequenceStart(anchor, tag) => {
                self.check_decoration(anchor, tag.is_some(), &span);
                self.open(Open::List { start: span.start, items: Vec::new() }, &span)?;
            }
            Event::MappingStart(anchor, tag) => {
                self.check_decoration(anchor, tag.is_some(), &span);
                let (entries, keys) = (Vec::new(), BTreeMap::new());
                self.open(Open::Map { start: span.start, entries, keys, key: Key::Awaited }, &span)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span.end),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => {}
        }
        Some(())
    }

    fn check_decoration(&mut self, anchor: usize, tagged: bool, span: &Span) {
        if anchor != 0 {
            self.mistakes.push(syntax::anchor(span));
        }
        if tagged {
            self.report(span, "tags are not part of the scenario language", "write the value alone");
        }
    }

    fn scalar(&self, text: String, style: ScalarStyle, span: Span) -> Node {
        let plain = style == ScalarStyle::Plain;
        if plain && text.is_empty() {
            let rest = self.text.get(span.start..).unwrap_or_default();
            let line = rest.lines().next().unwrap_or_default().trim_start_matches([':', ' ', '-']);
            let value = Value::Nothing { commented: line.starts_with('#') };
            return Node { span: span.start..span.start, value };
        }
        let written = self.text.get(span.clone()).unwrap_or_default();
        let quotes = usize::from(matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted));
        let inner = written.get(quotes..written.len().saturating_sub(quotes));
        let verbatim_at = (inner == Some(text.as_str())).then_some(span.start + quotes);
        Node { span, value: Value::Scalar(Scalar { text, plain, verbatim_at }) }
    }

    fn open(&mut self, open: Open, span: &Span) -> Option<()> {
        if self.stack.len() == MAX_DEPTH {
            self.report(
                span,
                format!("more than {MAX_DEPTH} lists and mappings stand in each other"),
                "no scenario needs this",
            );
            return None;
        }
        self.stack.push(open);
        Some(())
    }

    fn close(&mut self, end: usize) {
        let end = |start: usize| {
            let written = self.text.get(start..end).unwrap_or_default();
            start + written.trim_end().len()
        };
        let node = match self.stack.pop() {
            Some(Open::List { start, items }) => Node { span: start..end(start), value: Value::List(items) },
            Some(Open::Map { start, entries, .. }) => {
                Node { span: start..end(start), value: Value::Map(entries) }
            }
            None => return,
        };
        self.add(node);
    }

    /// Puts a node where it belongs: into the innermost open list or mapping, or at the root.
    fn add(&mut self, node: Node) {
        match self.stack.last_mut() {
            None => self.root = Some(node),
            Some(Open::List { items, .. }) => items.push(node),
            Some(Open::Map { entries, keys, key, .. }) => match std::mem::replace(key, Key::Awaited) {
                Key::Awaited => *key = read_key(node, keys, self.mistakes),
                Key::Read(name, key_span) => entries.push(entry(name, key_span, node)),
                Key::Refused => {}
            },
        }
    }
}

fn read_key(node: Node, keys: &mut BTreeMap<String, Span>, mistakes: &mut Vec<Mistake>) -> Key {
    let Value::Scalar(scalar) = node.value else {
        let message = "a key is missing or not a word";
        mistakes.push(Mistake::new(Code::Syntax, &node.span, message, "a word is needed here"));
        return Key::Refused;
    };
    if let Some(first) = keys.get(&scalar.text) {
        let message = format!("the key `{}` stands twice in this mapping", scalar.text);
        let mistake = Mistake::new(Code::Duplicate, &node.span, message, "each key once");
        mistakes.push(mistake.also(first, "first given here"));
        return Key::Refused;
    }
    keys.insert(scalar.text.clone(), node.span.clone());
    Key::Read(scalar.text, node.span)
}

fn entry(key: String, key_span: Span, mut value: Node) -> Entry {
    if matches!(value.value, Value::Nothing { .. }) {
        value.span = key_span.clone();
    }
    Entry { key, key_span, value }
}
