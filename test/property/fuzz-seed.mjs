/**
 * The seed of all property tests of a run: the same each time, so that a check that fails here failed before it was committed;
 * `npm run fuzz` gives others. Loaded by jest before each file.
 */
import fc from 'fast-check';

const seed = Number(process.env.VIGIL_FUZZ_SEED ?? 20_260_101);
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });
