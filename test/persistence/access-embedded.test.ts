import { describe } from '@jest/globals';
import { accessContract } from './access-contract.js';
import { embeddedWorld } from './world.js';

describe('access on the embedded database', () => accessContract(embeddedWorld));
