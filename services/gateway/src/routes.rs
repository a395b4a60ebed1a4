//! The route table: a trie over path segments. Exact segments win over wildcards, a verb (`:publish`) wins over a plain
//! segment that contains a colon, and a branch that ends nowhere, or without the method, yields to the next best one.
//! A trie is never changed after it was built, and a lookup visits each of its nodes at most once.

use std::borrow::Cow;
use std::collections::HashMap;

use http::Method;
use smallvec::SmallVec;

use crate::template::{Part, SEGMENTS_MAX, Template, Variable};

#[derive(Debug)]
pub struct Routes<T> {
    nodes: Vec<Node>,
    routes: Vec<Route<T>>,
}

#[derive(Debug)]
struct Route<T> {
    variables: Vec<Variable>,
    value: T,
}

#[derive(Debug, Default)]
struct Node {
    literals: HashMap<String, usize>,
    any: Option<usize>,
    rest: Option<usize>,
    ends: Vec<End>,
}

/// A route that ends at a node.
#[derive(Debug)]
struct End {
    verb: Option<String>,
    method: Method,
    route: usize,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("two routes are `{method} {template}`")]
pub struct Conflict {
    pub method: Method,
    pub template: String,
}

#[derive(Debug, PartialEq, Eq)]
pub enum NoRoute {
    /// No route has this path.
    Path,
    /// Routes have this path, with these methods.
    Method(Vec<Method>),
}

/// A route and where its variables lie in the path.
pub struct Match<'r, 'p, T> {
    pub value: &'r T,
    path: &'p str,
    segments: Segments<'p>,
    variables: &'r [Variable],
}

type Segments<'p> = SmallVec<[&'p str; 8]>;

impl<T> Match<'_, '_, T> {
    /// The decoded values of the variables, in the template's order; none for one that is not UTF-8.
    pub fn values(&self) -> impl Iterator<Item = Option<Cow<'_, str>>> {
        self.variables.iter().map(|variable| variable.decode(self.raw(variable)))
    }

    /// The stretch of the path that a variable's segments cover.
    fn raw(&self, variable: &Variable) -> &str {
        let segments = &self.segments[variable.from..variable.to.unwrap_or(self.segments.len())];
        let (Some(first), Some(last)) = (segments.first(), segments.last()) else { return "" };
        let start = first.as_ptr() as usize - self.path.as_ptr() as usize;
        let end = last.as_ptr() as usize - self.path.as_ptr() as usize + last.len();
        &self.path[start..end]
    }
}

impl<T> Default for Routes<T> {
    fn default() -> Self {
        Routes { nodes: vec![Node::default()], routes: Vec::new() }
    }
}

impl<T> Routes<T> {
    pub fn insert(&mut self, method: Method, template: &Template, value: T) -> Result<(), Conflict> {
        let node = template.parts.iter().fold(0, |node, part| self.child(node, part));
        let verb = template.verb.clone();
        if self.nodes[node].ends.iter().any(|end| end.method == method && end.verb == verb) {
            return Err(Conflict { method, template: format!("{template:?}") });
        }
        self.nodes[node].ends.push(End { verb, method, route: self.routes.len() });
        self.routes.push(Route { variables: template.variables.clone(), value });
        Ok(())
    }

    fn child(&mut self, node: usize, part: &Part) -> usize {
        let new = self.nodes.len();
        let parent = &mut self.nodes[node];
        let child = match part {
            Part::Literal(text) => *parent.literals.entry(text.clone()).or_insert(new),
            Part::Any => *parent.any.get_or_insert(new),
            Part::Rest => *parent.rest.get_or_insert(new),
        };
        if child == new {
            self.nodes.push(Node::default());
        }
        child
    }

    /// `path` begins with `/` and is still percent-encoded. `HEAD` finds what `GET` finds.
    pub fn find<'p>(&self, method: &Method, path: &'p str) -> Result<Match<'_, 'p, T>, NoRoute> {
        let method = if *method == Method::HEAD { &Method::GET } else { method };
        let Some((plain, verb)) = split_verb(path) else { return self.walk(method, path, None) };
        match self.walk(method, plain, Some(verb)) {
            Err(NoRoute::Path) => {}
            decided => return decided,
        }
        // No such verb: then the colon is part of a name, if a route with this method takes it.
        self.walk(method, path, None).map_err(|_| NoRoute::Path)
    }

    fn walk<'p>(&self, method: &Method, path: &'p str, verb: Option<&str>) -> Result<Match<'_, 'p, T>, NoRoute> {
        let tail = path.strip_prefix('/').ok_or(NoRoute::Path)?;
        let mut segments = Segments::new();
        if !tail.is_empty() {
            segments.extend(tail.split('/').take(SEGMENTS_MAX + 1));
        }
        if segments.len() > SEGMENTS_MAX {
            return Err(NoRoute::Path);
        }
        let mut search = Search { nodes: &self.nodes, method, verb, allowed: Vec::new() };
        match search.descend(0, &segments) {
            Some(route) => {
                let Route { variables, value } = &self.routes[route];
                Ok(Match { value, path, segments, variables })
            }
            None if search.allowed.is_empty() => Err(NoRoute::Path),
            None => Err(NoRoute::Method(search.allowed)),
        }
    }

    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.routes.iter().map(|route| &route.value)
    }
}

struct Search<'s> {
    nodes: &'s [Node],
    method: &'s Method,
    verb: Option<&'s str>,
    /// Methods of routes that have the path but not the method asked for.
    allowed: Vec<Method>,
}

impl Search<'_> {
    fn descend(&mut self, node: usize, segments: &[&str]) -> Option<usize> {
        let nodes = self.nodes;
        let node = &nodes[node];
        let found = match segments.split_first() {
            None => self.end(node),
            Some((&"", _)) => None,
            Some((segment, after)) => {
                let exact = node.literals.get(*segment).and_then(|child| self.descend(*child, after));
                exact.or_else(|| node.any.and_then(|child| self.descend(child, after)))
            }
        };
        found.or_else(|| node.rest.and_then(|child| self.end(&nodes[child])))
    }

    fn end(&mut self, node: &Node) -> Option<usize> {
        for end in node.ends.iter().filter(|end| end.verb.as_deref() == self.verb) {
            if end.method == *self.method {
                return Some(end.route);
            }
            if !self.allowed.contains(&end.method) {
                self.allowed.push(end.method.clone());
            }
        }
        None
    }
}

/// `/v1/x:publish` → `/v1/x` and `publish`. An encoded colon is no separator.
fn split_verb(path: &str) -> Option<(&str, &str)> {
    let last = path.rfind('/')?;
    let colon = path[last..].rfind(':')?;
    Some((&path[..last + colon], &path[last + colon + 1..]))
}

#[cfg(test)]
mod tests;
