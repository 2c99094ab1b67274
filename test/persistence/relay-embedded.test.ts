import { describe } from '@jest/globals';
import { relayContract } from './relay-contract.js';
import { embeddedWorld } from './world.js';

describe('relay on the embedded database', () => relayContract(embeddedWorld));
