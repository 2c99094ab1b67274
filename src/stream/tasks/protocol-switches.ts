/** Rules of the protocol that a simulation may switch off to see that it notices. */
export interface ProtocolSwitches {
  readonly fenceFirst?: boolean;
  readonly keySequences?: boolean;
  readonly checkBeforeResend?: boolean;
  readonly honestFloor?: boolean;
  readonly writerNonce?: boolean;
  readonly standbyFloor?: boolean;
}
