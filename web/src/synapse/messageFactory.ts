import type { ClientMessageOf, ClientMessageType, SubscribePayload } from "./generated";

/** Makes every message that the page sends; the clock and the ids are handed in. */
export class MessageFactory {
  constructor(
    private readonly now: () => Date,
    private readonly newId: () => string,
  ) {}

  subscribe(payload: SubscribePayload): ClientMessageOf<"subscribe"> {
    return this.message("subscribe", payload);
  }

  ping(): ClientMessageOf<"ping"> {
    return this.message("ping", {});
  }

  private message<T extends ClientMessageType>(
    type: T,
    payload: ClientMessageOf<T>["payload"],
  ): ClientMessageOf<T> {
    const timestamp = this.now().toISOString();
    return { msg_id: this.newId(), type, payload, direction: "c2s", timestamp };
  }
}
