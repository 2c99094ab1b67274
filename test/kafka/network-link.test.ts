import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { eventually } from '../contract/log-contract.js';
import { freePorts } from './broker.js';
import { NetworkLink } from './network-link.js';

/** A broker in small: notes what it hears, and says it back. */
let broker: Server;
let heard: string[];
let link: NetworkLink;
let port: number;
let client: Socket;
let answers: string;

async function dial(): Promise<void> {
  client = connect(port, '127.0.0.1');
  answers = '';
  client.on('data', (bytes: Buffer) => (answers += bytes.toString())).on('error', () => undefined);
  await once(client, 'connect');
}

beforeEach(async () => {
  const notes: string[] = [];
  heard = notes;
  broker = createServer((socket) => {
    socket.on('data', (bytes: Buffer) => {
      notes.push(bytes.toString());
      socket.write(bytes);
    });
    socket.on('error', () => undefined).on('close', () => notes.push('closed'));
  });
  await new Promise<void>((resolve) => broker.listen(0, '127.0.0.1', resolve));
  port = await freePorts(1);
  link = await NetworkLink.open(port, (broker.address() as AddressInfo).port);
  await dial();
  client.write('a');
  await eventually(() => expect(answers).toBe('a'));
});
afterEach(async () => {
  client.destroy();
  await link.close();
  await new Promise((resolve) => broker.close(resolve));
});

it('ends connections at both sides when it is cut, and takes new ones', async () => {
  const closed = once(client, 'close');
  link.cut();
  await closed;
  await eventually(() => expect(heard).toEqual(['a', 'closed']));
  await dial();
  client.write('b');
  await eventually(() => expect(answers).toBe('b'));
});

it('brings late what a client that has given up sent while nothing passed, then its end', async () => {
  link.hold('both');
  await new Promise((resolve) => client.write('late', resolve));
  client.destroy();
  await dial();
  expect(heard).toEqual(['a']);
  link.release();
  await eventually(() => expect(heard).toEqual(['a', 'late', 'closed']));
});

it('lets requests pass while it holds replies back', async () => {
  link.hold('replies');
  client.write('b');
  await eventually(() => expect(heard).toEqual(['a', 'b']));
  expect(answers).toBe('a');
  link.release();
  await eventually(() => expect(answers).toBe('ab'));
});
