import { describe } from '@jest/globals';
import { alertsContract } from './alerts-contract.js';
import { embeddedWorld } from './world.js';

describe('alerts on the embedded database', () => alertsContract(embeddedWorld));
