/** The error codes this folder acts upon: kafka.apache.org/protocol#protocol_error_codes. */
export const CODE = {
  none: 0,
  offsetOutOfRange: 1,
  unknownTopicOrPartition: 3,
  leaderNotAvailable: 5,
  notLeaderOrFollower: 6,
  requestTimedOut: 7,
  replicaNotAvailable: 9,
  messageTooLarge: 10,
  networkException: 13,
  coordinatorLoadInProgress: 14,
  coordinatorNotAvailable: 15,
  notCoordinator: 16,
  recordListTooLarge: 18,
  notEnoughReplicas: 19,
  notEnoughReplicasAfterAppend: 20,
  illegalGeneration: 22,
  unknownMemberId: 25,
  rebalanceInProgress: 27,
  topicAuthorizationFailed: 29,
  clusterAuthorizationFailed: 31,
  unsupportedVersion: 35,
  topicAlreadyExists: 36,
  invalidPartitions: 37,
  notController: 41,
  invalidRequest: 42,
  outOfOrderSequenceNumber: 45,
  duplicateSequenceNumber: 46,
  invalidProducerEpoch: 47,
  invalidTxnState: 48,
  invalidProducerIdMapping: 49,
  concurrentTransactions: 51,
  transactionalIdAuthorizationFailed: 53,
  operationNotAttempted: 55,
  kafkaStorageError: 56,
  unknownProducerId: 59,
  fencedLeaderEpoch: 74,
  unknownLeaderEpoch: 75,
  offsetNotAvailable: 78,
  memberIdRequired: 79,
  invalidRecord: 87,
  producerFenced: 90,
} as const;

const NAMES = new Map<number, string>(Object.entries(CODE).map(([name, code]) => [code, name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()]));

/** What a broker answered instead of doing what was asked. */
export class KafkaError extends Error {
  override readonly name = 'KafkaError';
  /** @param subject what it was about, for people: `topic/partition`, a transactional id, a group */
  constructor(
    readonly code: number,
    api: string,
    subject: string,
    detail?: string | null,
  ) {
    super(`${api} of ${subject}: ${NAMES.get(code) ?? `error ${code}`}${detail ? ` (${detail})` : ''}`);
  }
}

/** True for the answers after which the leader, or the partition itself, is looked up again. */
export function isStaleLeader(code: number): boolean {
  switch (code) {
    case CODE.unknownTopicOrPartition:
    case CODE.leaderNotAvailable:
    case CODE.notLeaderOrFollower:
    case CODE.replicaNotAvailable:
    case CODE.kafkaStorageError:
    case CODE.fencedLeaderEpoch:
    case CODE.unknownLeaderEpoch:
    case CODE.offsetNotAvailable:
      return true;
    default:
      return false;
  }
}

/** True when the coordinator has moved or is not ready: it is looked up again. */
export function isStaleCoordinator(code: number): boolean {
  return code === CODE.notCoordinator || code === CODE.coordinatorNotAvailable || code === CODE.coordinatorLoadInProgress;
}

/** True when asking again cannot help: an operator or a smaller record must. */
export function isPermanent(code: number): boolean {
  switch (code) {
    case CODE.messageTooLarge:
    case CODE.recordListTooLarge:
    case CODE.topicAuthorizationFailed:
    case CODE.transactionalIdAuthorizationFailed:
    case CODE.unsupportedVersion:
    case CODE.invalidRecord:
    case CODE.invalidRequest:
      return true;
    default:
      return false;
  }
}
