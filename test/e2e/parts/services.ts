import { afterEach } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../kafka/broker.js';
import { Service } from './service.js';

/** What the tests of one file make; gone after each test. */
export interface Services {
  newFolder(): string;
  /** a service that is not started yet. @param port default: a free one */
  service(environment: Readonly<Record<string, string>>, port?: number): Promise<Service>;
}

/** To be called once at the top of a file. @param name of its folders */
export function useServices(name: string): Services {
  const folders: string[] = [];
  const services: Service[] = [];
  afterEach(async () => {
    await Promise.all(services.splice(0).map((service) => service.end('SIGKILL')));
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });
  return {
    newFolder: () => {
      const folder = mkdtempSync(join(tmpdir(), `vigil-${name}-`));
      folders.push(folder);
      return folder;
    },
    service: async (environment, port) => {
      const service = new Service(port ?? (await freePorts(1)), environment);
      services.push(service);
      return service;
    },
  };
}
