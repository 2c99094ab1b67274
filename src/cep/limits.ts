/** Partial matches of one key and rule: a key under attack must not take the memory of the others. The oldest goes first. */
export const MAX_PARTIAL_MATCHES = 100;

/** Stages of one pattern, groups flattened: more are a program, not a rule, and cannot be explained to anybody. */
export const MAX_STAGES = 64;

/** States of one automaton: quantifiers are unrolled, so `times` inside `times` multiply. Bounds memory and publication time. */
export const MAX_STATES = 4_096;

/** Ways on from one state: bounds the work that one event can cause for one partial match. */
export const MAX_BRANCHES = 256;
