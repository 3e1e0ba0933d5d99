import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** An OpenLineage event as a receiver gets it. */
export type ReceivedEvent = {
  eventType: string;
  eventTime: string;
  run: { runId: string; facets: Record<string, { message?: string }> };
  job: { namespace: string; name: string };
  inputs: ReceivedDataset[];
  outputs: ReceivedDataset[];
};
export type ReceivedDataset = {
  namespace: string;
  name: string;
  facets: {
    schema?: { fields: { name: string; type?: string }[] };
    columnLineage?: { fields: Record<string, { inputFields: { namespace: string; name: string; field: string }[] }> };
    version?: { datasetVersion: string };
  };
  inputFacets?: { dataQualityAssertions?: { assertions: { assertion: string; success: boolean }[] } };
};

/** A receiver of lineage on a free port. `answer` says the status of the next events; `events` are those it took. */
export async function startReceiver() {
  const events: ReceivedEvent[] = [];
  const requests: { path: string; authorization: string | undefined; type: string | undefined; status: number }[] = [];
  let answer: (event: ReceivedEvent) => number = () => 201;
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const event = JSON.parse(body) as ReceivedEvent;
    const status = answer(event);
    const { authorization, "content-type": type } = request.headers;
    requests.push({ path: request.url ?? "", authorization, type, status });
    if (status < 300) events.push(event);
    response.writeHead(status).end();
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    events,
    requests,
    answer: (next: (event: ReceivedEvent) => number) => {
      answer = next;
    },
    /** Events of each run, in the order in which they came. */
    byRun: () => Object.values(Object.groupBy(events, ({ run }) => run.runId)) as ReceivedEvent[][],
    stop: () => new Promise((closed) => server.close(closed)),
  };
}
