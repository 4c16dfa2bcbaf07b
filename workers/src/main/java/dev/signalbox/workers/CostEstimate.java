package dev.signalbox.workers;

import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.PriceTable;
import dev.signalbox.config.PriceTable.Price;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.router.RoutingQuery;
import java.math.BigDecimal;

/** What a request may cost, before it is known where it goes. */
final class CostEstimate {
    /** Output tokens of a request that sets no limit. */
    private static final int USUAL_OUTPUT_TOKENS = 1_000;
    private static final int MILLION = 6;

    private CostEstimate() {
    }

    /** At the dearest deployment of its route that has a price; 0 if none has. */
    static BigDecimal of(InboundRequest request, RoutePlan plan) {
        RoutingQuery query = plan.queries().query(request);
        PriceTable prices = plan.configuration().prices();
        BigDecimal input = BigDecimal.valueOf(query.needs().inputTokens());
        BigDecimal output = BigDecimal.valueOf(query.needs().maxOutputTokens().orElse(USUAL_OUTPUT_TOKENS));
        BigDecimal dearest = BigDecimal.ZERO;
        for (DeploymentName deployment : plan.reach().of(query).deployments()) {
            dearest = dearest.max(prices.price(deployment, query.day()).map(price -> cost(price, input, output))
                    .orElse(BigDecimal.ZERO));
        }
        return dearest;
    }

    private static BigDecimal cost(Price price, BigDecimal input, BigDecimal output) {
        return price.input().multiply(input).add(price.output().multiply(output)).movePointLeft(MILLION);
    }
}
