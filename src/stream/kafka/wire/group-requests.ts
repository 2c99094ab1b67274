import { ByteWriter } from './bytes.js';
import { API } from './request.js';
import type { WireRequest } from './request.js';

/** The classic group protocol, which brokers and `kafka-consumer-groups` know as type "consumer". */

export interface GroupMember {
  readonly group: string;
  /** empty before the coordinator has given one */
  readonly memberId: string;
}

export interface JoinedGroup {
  readonly code: number;
  readonly generation: number;
  readonly leaderId: string;
  readonly memberId: string;
  /** for the leader only */
  readonly members: readonly { readonly memberId: string; readonly metadata: Buffer }[];
}

export function joinGroupRequest(member: GroupMember, timeouts: { sessionMs: number; rebalanceMs: number }, protocol: { name: string; metadata: Buffer }): WireRequest<JoinedGroup> {
  const body = new ByteWriter();
  body.string(member.group).int32(timeouts.sessionMs).int32(timeouts.rebalanceMs).string(member.memberId).string(null).string('consumer');
  body.int32(1).string(protocol.name).bytes(protocol.metadata);
  return {
    api: API.joinGroup,
    body,
    decode(reader) {
      const [code, generation] = [reader.int16(), reader.int32()];
      reader.nullableString(); // protocol: there is only ours
      const [leaderId, memberId] = [reader.string(), reader.string()];
      const members = reader.array(() => {
        const id = reader.string();
        reader.nullableString(); // static member id
        return { memberId: id, metadata: reader.nullableBytes() ?? Buffer.alloc(0) };
      });
      return { code, generation, leaderId, memberId, members };
    },
  };
}

export interface SyncedGroup {
  readonly code: number;
  readonly assignment: Buffer;
}

/** @param assignments by member id, from the leader; empty from the others */
export function syncGroupRequest(member: GroupMember, generation: number, assignments: ReadonlyMap<string, Buffer>): WireRequest<SyncedGroup> {
  const body = new ByteWriter();
  body.string(member.group).int32(generation).string(member.memberId).string(null);
  body.array([...assignments], ([memberId, assignment]) => body.string(memberId).bytes(assignment));
  return { api: API.syncGroup, body, decode: (reader) => ({ code: reader.int16(), assignment: reader.nullableBytes() ?? Buffer.alloc(0) }) };
}

/** @returns the answer's code */
export function heartbeatRequest(member: GroupMember, generation: number): WireRequest<number> {
  const body = new ByteWriter().string(member.group).int32(generation).string(member.memberId).string(null);
  return { api: API.heartbeat, body, decode: (reader) => reader.int16() };
}

/** @returns the answer's code */
export function leaveGroupRequest(member: GroupMember): WireRequest<number> {
  return { api: API.leaveGroup, body: new ByteWriter().string(member.group).string(member.memberId), decode: (reader) => reader.int16() };
}
