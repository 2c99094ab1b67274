import { describe } from '@jest/globals';
import { catalogueContract } from './catalogue-contract.js';
import { embeddedWorld } from './world.js';

describe('the catalogue on the embedded database', () => catalogueContract(embeddedWorld));
