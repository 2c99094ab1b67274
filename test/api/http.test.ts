import { describeHttpApi } from './http-suite.js';
import { serveMemory } from './serve-memory.js';

describeHttpApi('ports in memory', () => serveMemory());
