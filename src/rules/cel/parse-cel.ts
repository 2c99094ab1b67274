import { Environment, ParseError, type ASTNode } from '@marcbachmann/cel-js';
import { ruleLimits } from '../limits.js';
import { shown, type Location, type Problems } from '../problem.js';

export type CelNode = ASTNode;

/** Used for parsing alone: what identifiers and functions mean is ours to say. */
const environment = new Environment({
  unlistedVariablesAreDyn: true,
  limits: { maxAstNodes: ruleLimits.celNodesMax * 4, maxDepth: ruleLimits.celDepthMax, maxListElements: ruleLimits.celNodesMax, maxMapEntries: 1, maxCallArguments: 32 },
});

/** Parses an expression into the library's tree; null where it is none, which becomes a problem. */
export function parseCel(text: string, at: Location, problems: Problems): CelNode | null {
  if (text.length > ruleLimits.celCharsMax) {
    problems.add('cel.too-large', at, `found ${text.length} characters; expected at most ${ruleLimits.celCharsMax}`);
    return null;
  }
  try {
    return environment.parse(text).ast as CelNode;
  } catch (error) {
    if (!(error instanceof ParseError)) {
      problems.add('cel.too-large', at, 'found an expression nested too deeply; expected fewer levels');
      return null;
    }
    const place = error.range ? ` at character ${error.range.start + 1}` : '';
    const reserved = /Reserved identifier|got IN|token: IN/.test(error.summary) ? '; a field whose name CEL reserves is read by fact("name")' : '';
    problems.add(error.code === 'limit_exceeded' ? 'cel.too-large' : 'cel.syntax', at, `found ${shown(text)}: ${error.summary}${place}${reserved}; expected a CEL expression`);
    return null;
  }
}
