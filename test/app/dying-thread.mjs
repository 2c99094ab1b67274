// A thread that speaks as one of tasks does, and ends in whichever way a question says.
import { parentPort, workerData } from 'node:worker_threads';

const { thread, partitions } = workerData;
/** which life of its number this is, and what befalls it in that one: '' for nothing */
const [life, fate] = [partitions.get('life'), partitions.get('fate')];
const say = (message) => parentPort.postMessage(message);

parentPort.on('message', ({ kind, number, question }) => {
  if (kind === 'join') return fate === 'refused' ? say({ kind: 'refused', error: { name: 'KafkaError', message: 'not allowed to join' } }) : say({ kind: 'joined' });
  if (kind === 'drain') {
    say({ kind: 'told', all: [['info', thread, 'drained', {}]] });
    return say({ kind: 'drained' });
  }
  if (question.kind === 'standing') return say({ kind: 'answer', number, answer: { notReady: null, owned: [thread * 10 + life], tasks: [], standbys: [] } });
  if (question.kind === 'stats') return say({ kind: 'noAnswer', number, error: { name: 'Error', message: 'asked for too much' } });
  if (question.key === 'throw' && thread === 1) throw new Error('a hole in the code');
  if (question.key === 'exit' && thread === 1) return process.exit(7);
  if (question.key === 'lost' && thread === 1) return say({ kind: 'lost', error: { name: 'KafkaError', message: 'thrown out' } });
  say({ kind: 'answer', number, answer: thread === 2 && question.key === 'known' ? { found: true } : null });
});
say({ kind: 'up' });
