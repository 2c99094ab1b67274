import { describe } from '@jest/globals';
import { recoveryContract } from './recovery-contract.js';
import { embeddedWorld } from './world.js';

describe('recovery on the embedded database', () => recoveryContract(embeddedWorld));
