import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { hostsOf, isPrivate, postJson } from "./outbound.ts";

let server: Server | undefined;
const heard: string[] = [];
afterEach(() => {
  server?.close();
  server = undefined;
  heard.length = 0;
});

async function receiver(status = 201): Promise<string> {
  server = createServer((request, response) => {
    heard.push(`${request.method} ${request.url}`);
    request.resume();
    response.writeHead(status, { location: "/elsewhere" }).end();
  });
  await new Promise<void>((ready) => server!.listen(0, "127.0.0.1", ready));
  return String((server.address() as AddressInfo).port);
}
const message = { body: "{}", timeoutMs: 5000 };

it.each([
  ["127.0.0.1", true],
  ["10.1.2.3", true],
  ["172.31.255.255", true],
  ["172.32.0.1", false],
  ["192.168.1.1", true],
  ["169.254.169.254", true],
  ["0.0.0.0", true],
  ["100.64.0.1", true],
  ["::1", true],
  ["::ffff:127.0.0.1", true],
  ["fd12::1", true],
  ["fe80::1", true],
  ["8.8.8.8", false],
  ["2606:4700::1111", false],
])("%s is private: %s", (address, is) => {
  expect(isPrivate(address)).toBe(is);
});

it.each(["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "[::1]", "0x7f.1"])(
  "refuses %s unless it is allowed, and sends nothing",
  async (host) => {
    const port = await receiver();
    await expect(postJson(`http://${host}:${port}/`, { ...message, allowed: [] })).rejects.toMatchObject({
      code: "denied",
    });
    expect(heard).toEqual([]);
  },
);

it("sends where the host is allowed, by name or with its port, and doesn't follow a redirect", async () => {
  const port = await receiver(302);
  expect(await postJson(`http://localhost:${port}/a`, { ...message, allowed: hostsOf(" LocalHost ,x") })).toBe(302);
  expect(await postJson(`http://127.0.0.1:${port}/b`, { ...message, allowed: [`127.0.0.1:${port}`] })).toBe(302);
  expect(heard).toEqual(["POST /a", "POST /b"]);
});

it("says that a host which doesn't answer is unavailable", async () => {
  const port = await receiver();
  await new Promise((closed) => server!.close(closed));
  await expect(postJson(`http://127.0.0.1:${port}/`, { ...message, allowed: ["127.0.0.1"] })).rejects.toMatchObject({
    code: "unavailable",
  });
});
