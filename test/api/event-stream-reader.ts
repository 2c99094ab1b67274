export interface StreamedEvent {
  readonly event: string;
  readonly id: string;
  readonly data: string;
}

/** Reads server-sent events as a browser would. */
export class EventStreamReader {
  private text = '';
  comments = 0;

  private constructor(
    private readonly reader: ReadableStreamDefaultReader<Uint8Array>,
    private readonly abort: AbortController,
  ) {}

  static async open(url: string, headers: Record<string, string>): Promise<EventStreamReader> {
    const abort = new AbortController();
    const response = await fetch(url, { headers, signal: abort.signal });
    if (response.status !== 200 || response.headers.get('content-type') !== 'text/event-stream; charset=utf-8') throw new Error(`no event stream: ${response.status}`);
    return new EventStreamReader(response.body!.getReader(), abort);
  }

  /** The next event of that name; others are passed over. */
  async next(name: string): Promise<StreamedEvent> {
    for (;;) {
      const block = await this.block();
      if (block === null) throw new Error(`the stream ended before an event ${name}`);
      const field = (wanted: string) => block.split('\n').find((line) => line.startsWith(`${wanted}: `))?.slice(wanted.length + 2) ?? '';
      if (block.startsWith(':')) this.comments++;
      else if (field('event') === name) return { event: name, id: field('id'), data: field('data') };
    }
  }

  /** Reads on until the server ends the stream. */
  async ended(): Promise<void> {
    while ((await this.block()) !== null) continue;
  }

  async comment(): Promise<void> {
    while (!(await this.block())?.startsWith(':')) continue;
  }

  close(): void {
    this.abort.abort();
  }

  private async block(): Promise<string | null> {
    for (;;) {
      const end = this.text.indexOf('\n\n');
      if (end >= 0) {
        const block = this.text.slice(0, end);
        this.text = this.text.slice(end + 2);
        return block;
      }
      const { value, done } = await this.reader.read();
      if (done) return null;
      this.text += Buffer.from(value).toString('utf8');
    }
  }
}
