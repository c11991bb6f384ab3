// What a shop does first, through the generated Go client: `go run . URL PIPELINE OPERATOR FINANCE`.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"journey/api"
)

var at = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

func main() {
	ctx := context.Background()
	pipeline, operator, finance := client(os.Args[2]), client(os.Args[3]), client(os.Args[4])

	var batch api.EventBatch
	add := func(fill func(*api.Event) error) {
		var event api.Event
		must(fill(&event) == nil, "an event cannot be written")
		var item api.EventBatch_Item
		must(item.FromEvent(event) == nil, "an event cannot be put into a batch")
		batch = append(batch, item)
	}
	add(func(event *api.Event) error {
		return event.FromMemberRegisteredEvent(api.MemberRegisteredEvent{
			Specversion: "1.0", Id: "joined-ann", Source: "shop", Time: at,
			Data: api.MemberRegistered{MemberId: "ann", Platform: "h5", RegisteredAt: at},
		})
	})
	add(func(event *api.Event) error {
		return event.FromDistributorApprovedEvent(api.DistributorApprovedEvent{
			Specversion: "1.0", Id: "approved-ann", Source: "shop", Time: at,
			Data: api.DistributorApproved{MemberId: "ann", ApprovedAt: at},
		})
	})
	add(func(event *api.Event) error {
		return event.FromOrderPaidEvent(api.OrderPaidEvent{
			Specversion: "1.0", Id: "paid-o1", Source: "shop", Time: at, Data: orderPaid("o1"),
		})
	})
	// of the body that may be one event or many, the generator loses how it is written
	taken, err := pipeline.TakeEventsWithApplicationCloudeventsBatchPlusJSONBodyWithResponse(
		ctx, &api.TakeEventsParams{}, batch)
	must(err == nil && taken.JSON200 != nil, "events were not taken", err, text(taken))
	for _, item := range taken.JSON200.Items {
		must(item.Status == "accepted", "an event was not accepted", text(taken))
	}

	seq := *taken.JSON200.Items[2].Seq
	for tries := 0; ; tries++ {
		read, err := pipeline.ReadEventWithResponse(ctx, seq)
		must(err == nil && read.JSON200 != nil && tries < 300, "no outcome", err)
		if read.JSON200.Outcome.Ledger == "applied" {
			break
		}
		time.Sleep(200 * time.Millisecond)
	}

	order, err := pipeline.ReadOrderWithResponse(ctx, "o1")
	must(err == nil && order.JSON200 != nil, "no order", err)
	must(order.JSON200.Commissions[0].EarnedFen == 5000, "another commission", string(order.Body))

	checked, err := pipeline.CheckOrderWithResponse(ctx, &api.CheckOrderParams{}, api.Check{
		CheckId: "c1", Stage: "order", Order: orderPaid("o2"),
	})
	must(err == nil && checked.JSON200 != nil && checked.JSON200.Outcome != "block", "not checked", err)

	key := "withdrawal-1"
	refused, err := finance.AskForWithdrawalWithResponse(ctx, &api.AskForWithdrawalParams{IdempotencyKey: &key},
		api.AskedWithdrawal{MemberId: "ann", AmountFen: 100, Channel: "wechat"})
	must(err == nil && refused.ApplicationproblemJSON409 != nil, "not refused", err)
	must(refused.ApplicationproblemJSON409.Code == "insufficient_available", "another code", string(refused.Body))

	stranger, err := operator.ReadMemberWithResponse(ctx, "nobody")
	must(err == nil && stranger.ApplicationproblemJSON404 != nil, "a stranger is known", err)
}

func client(key string) *api.ClientWithResponses {
	made, err := api.NewClientWithResponses(os.Args[1], api.WithRequestEditorFn(
		func(_ context.Context, request *http.Request) error {
			request.Header.Set("Authorization", "Bearer "+key)
			return nil
		}))
	must(err == nil, "no client", err)
	return made
}

func orderPaid(orderID string) api.OrderPaid {
	ann := "ann"
	return api.OrderPaid{
		OrderId: orderID, BuyerId: "buyer", PromoterId: &ann, Channel: "h5", PlacedAt: at, PaidAt: at,
		Lines: []api.OrderLine{{LineId: "1", ProductId: "p1", Category: "tea", Quantity: 1, PaidFen: 50000}},
	}
}

func text(taken *api.TakeEventsResponse) string {
	if taken == nil {
		return ""
	}
	return string(taken.Body)
}

func must(holds bool, what ...any) {
	if !holds {
		fmt.Fprintln(os.Stderr, what...)
		os.Exit(1)
	}
}
