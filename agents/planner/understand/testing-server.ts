import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** What the server was sent. */
export type Asked = {
  messages: { role: string; content: string }[];
  response_format?: { type: string; json_schema?: { name: string } };
  tools?: unknown[];
  max_tokens?: number;
};
/** What it does with a call. */
export type Reply = (asked: Asked, response: ServerResponse) => void;
/** A server for one test, closed at its end. */
export async function server(...replies: Reply[]): Promise<{ url: string; asked: Asked[] }> {
  const { url, asked, close } = await openServer(...replies);
  onTestFinished(close);
  return { url, asked };
}

/** A server that speaks as much of the OpenAI API as is asked of it: the n-th call gets the n-th reply, the last one again after that. */
export async function openServer(...replies: Reply[]): Promise<{ url: string; asked: Asked[]; close: () => void }> {
  const asked: Asked[] = [];
  const http = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    asked.push(JSON.parse(body) as Asked);
    (replies[asked.length - 1] ?? replies.at(-1)!)(asked.at(-1)!, response);
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const close = () => {
    http.closeAllConnections();
    http.close();
  };
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/v1`, asked, close };
}

/** A chat completion with this content. */
export const completion = (content: string) => ({
  id: "c1",
  object: "chat.completion",
  created: 1,
  model: "m",
  choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content } }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
});
/** Answers with a status and a JSON body. */
export const send = (response: ServerResponse, status: number, body: unknown) => {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
};
/** Answers with a completion of this content. */
export const says =
  (content: object | string): Reply =>
  (_, response) =>
    send(response, 200, completion(typeof content === "string" ? content : JSON.stringify(content)));
/** Refuses with a status. */
export const fails =
  (status: number): Reply =>
  (_, response) =>
    send(response, status, { error: { message: "no", type: "x" } });
