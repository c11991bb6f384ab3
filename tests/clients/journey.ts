// What a shop does first, through the generated TypeScript client: `node journey.ts URL PIPELINE OPERATOR FINANCE`.
import createClient from "openapi-fetch";
import type { components, paths } from "./trefoil.js";

type Event = components["schemas"]["Event"];

const [url, pipelineKey, operatorKey, financeKey] = process.argv.slice(2);
const clientOf = (key: string) =>
  createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${key}` } });
const [pipeline, operator, finance] = [pipelineKey!, operatorKey!, financeKey!].map(clientOf) as [
  ReturnType<typeof clientOf>,
  ReturnType<typeof clientOf>,
  ReturnType<typeof clientOf>,
];
const at = "2026-03-02T08:00:00Z";

function must(holds: boolean, what: unknown): asserts holds {
  if (!holds) throw new Error(JSON.stringify(what));
}

const envelope = (id: string) => ({ specversion: "1.0" as const, id, source: "shop", time: at });
const orderPaid = (orderId: string): components["schemas"]["OrderPaid"] => ({
  order_id: orderId,
  buyer_id: "buyer",
  promoter_id: "ann",
  channel: "h5",
  placed_at: at,
  paid_at: at,
  lines: [{ line_id: "1", product_id: "p1", category: "tea", quantity: 1, paid_fen: 50_000 }],
});
const events: Event[] = [
  {
    ...envelope("joined-ann"),
    type: "member.registered.v1",
    data: { member_id: "ann", platform: "h5", registered_at: at },
  },
  {
    ...envelope("approved-ann"),
    type: "distributor.approved.v1",
    data: { member_id: "ann", grade: "B", invited_by: null, approved_at: at },
  },
  { ...envelope("paid-o1"), type: "order.paid.v1", data: orderPaid("o1") },
];

const taken = await pipeline.POST("/v1/events", { body: events });
must(taken.data !== undefined, taken.error);
must(taken.data.items.every((item) => item.status === "accepted"), taken.data);
const seq = taken.data.items.at(-1)!.seq!;
for (let tries = 0; ; tries += 1) {
  const read = await pipeline.GET("/v1/events/{seq}", { params: { path: { seq } } });
  must(read.data !== undefined && tries < 300, read.error);
  if (read.data.outcome.ledger === "applied") break;
  await new Promise((resolve) => setTimeout(resolve, 200));
}

const order = await pipeline.GET("/v1/orders/{order_id}", { params: { path: { order_id: "o1" } } });
must(order.data?.commissions[0]?.earned_fen === 5_000, order);

const checked = await pipeline.POST("/v1/risk/checks", {
  body: { check_id: "c1", stage: "order", order: orderPaid("o2") },
});
must(checked.data?.outcome !== "block", checked);

const asked = { member_id: "ann", amount_fen: 100, channel: "wechat" } as const;
const refused = await finance.POST("/v1/withdrawals", {
  body: asked,
  params: { header: { "Idempotency-Key": "withdrawal-1" } },
});
must(refused.error?.code === "insufficient_available", refused);

const stranger = await operator.GET("/v1/members/{member_id}", { params: { path: { member_id: "nobody" } } });
must(stranger.response.status === 404 && stranger.error?.code === "not_found", stranger);
