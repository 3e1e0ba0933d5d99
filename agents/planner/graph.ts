import { Annotation, END, interrupt, START, StateGraph } from "@langchain/langgraph";
import type { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";
import type { Goal, Question } from "@muster/shared/domain/request.ts";
import type { Understanding } from "./understanding.ts";

/** The state of a request between nodes: small, all of it JSON; rows and results stand elsewhere. */
export const State = Annotation.Root({
  request: Annotation<string>,
  answers: Annotation<string[]>({ reducer: (a, b) => [...a, ...b], default: () => [] }),
  understanding: Annotation<Understanding | null>({ reducer: (_, b) => b, default: () => null }),
  goals: Annotation<Goal[]>({ reducer: (_, b) => b, default: () => [] }),
  rounds: Annotation<number>({ reducer: (_, b) => b, default: () => 0 }),
  attempts: Annotation<Record<string, number>>({ reducer: (a, b) => ({ ...a, ...b }), default: () => ({}) }),
  /** An approval that must be given before the plan goes on; null when none waits. */
  approval: Annotation<string | null>({ reducer: (_, b) => b, default: () => null }),
  approved: Annotation<boolean>({ reducer: (_, b) => b, default: () => false }),
  /** What the waiting approval may cost, and what the given one did: USD. */
  askedUsd: Annotation<number>({ reducer: (_, b) => b, default: () => 0 }),
  approvedUsd: Annotation<number>({ reducer: (_, b) => b, default: () => 0 }),
  /** What comes after this node. */
  to: Annotation<"ask" | "plan" | "approve" | "execute" | "answer" | "end">({
    reducer: (_, b) => b,
    default: () => "plan",
  }),
});
export type State = typeof State.State;

/** What the nodes do; the graph only says in which order. */
export type Nodes = { [K in "understand" | "plan" | "execute" | "answer"]: (state: State) => Promise<Partial<State>> };

/**
 * Wires the graph: understand (→ ask) → plan → approve → execute (→ plan) → answer. The two interrupts stand alone in
 * their nodes, since a node with an interrupt runs again from its top when it is resumed.
 */
export function wire(nodes: Nodes, checkpointer: PostgresSaver) {
  const go = (state: State) => (state.to === "end" ? END : state.to);
  return new StateGraph(State)
    .addNode("understand", nodes.understand)
    .addNode("ask", async (state: State): Promise<Partial<State>> => {
      const question = state.understanding?.kind === "question" ? state.understanding.question : null;
      return { answers: [interrupt<Question | null, string>(question)] };
    })
    .addNode("plan", nodes.plan)
    .addNode("approve", async (state: State): Promise<Partial<State>> => {
      const decision = interrupt<string | null, "approved">(state.approval);
      return { approval: null, approved: decision === "approved", approvedUsd: state.askedUsd };
    })
    .addNode("execute", nodes.execute)
    .addNode("answer", nodes.answer)
    .addEdge(START, "understand")
    .addConditionalEdges("understand", go, ["ask", "plan", END])
    .addEdge("ask", "understand")
    .addConditionalEdges("plan", go, ["approve", "execute", "answer", END])
    .addEdge("approve", "execute")
    .addConditionalEdges("execute", go, ["plan", "approve", "answer", END])
    .addEdge("answer", END)
    .compile({ checkpointer });
}
