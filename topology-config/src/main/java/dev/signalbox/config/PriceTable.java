package dev.signalbox.config;

import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;

/**
 * What tokens cost. A price that is not known is absent, never 0.
 *
 * @param version stamped on every priced record
 * @param currency ISO 4217
 * @param prices effective-dated, per deployment
 */
public record PriceTable(String version, String currency, List<Price> prices) {

    /** The price of a deployment on a day: the latest that is in effect. */
    public Optional<Price> price(DeploymentName deployment, LocalDate day) {
        Price best = null;
        for (Price price : prices) {
            if (price.deployment().equals(deployment) && !price.effectiveFrom().isAfter(day)
                    && (best == null || price.effectiveFrom().isAfter(best.effectiveFrom()))) {
                best = price;
            }
        }
        return Optional.ofNullable(best);
    }

    /**
     * Per million tokens.
     *
     * @param cachedInput empty: cached input costs what input does
     * @param cacheWrite empty: cache writes cost what input does
     */
    public record Price(DeploymentName deployment, LocalDate effectiveFrom, BigDecimal input, BigDecimal output,
            Optional<BigDecimal> cachedInput, Optional<BigDecimal> cacheWrite) {
    }
}
