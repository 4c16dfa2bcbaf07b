package dev.signalbox.cli.prices;

import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.PriceTable;
import dev.signalbox.config.PriceTable.Price;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * A price table with newer prices in it. What held before their first day stays, so that what was called then costs what
 * it did; what nobody has a newer price for stays too.
 *
 * @param table the whole of it, by deployment and day; with its old version if nothing changed
 * @param changes in the order of the imported prices
 */
public record PriceMerge(PriceTable table, List<Change> changes) {

    /**
     * @param before what held on the first day of the new price; empty: nothing was known
     * @param after what holds from then on
     */
    public record Change(Optional<Price> before, Price after) {
        public DeploymentName deployment() {
            return after.deployment();
        }
    }

    /** @param version of the table if anything changes */
    public static PriceMerge of(PriceTable old, List<Price> imported, String version) {
        Map<DeploymentName, List<Price>> all = new LinkedHashMap<>();
        old.prices().forEach(price -> all.computeIfAbsent(price.deployment(), name -> new ArrayList<>()).add(price));
        List<Change> changes = new ArrayList<>();
        for (Price price : imported) {
            LocalDate from = price.effectiveFrom();
            Optional<Price> before = old.price(price.deployment(), from);
            if (before.filter(known -> isSame(known, price)).isEmpty()) {
                List<Price> prices = all.computeIfAbsent(price.deployment(), name -> new ArrayList<>());
                prices.removeIf(known -> known.effectiveFrom().equals(from));
                prices.add(price);
                changes.add(new Change(before, price));
            }
        }
        if (changes.isEmpty()) {
            return new PriceMerge(old, List.of());
        }
        List<Price> prices = new ArrayList<>();
        all.values().forEach(known -> known.stream().sorted(Comparator.comparing(Price::effectiveFrom))
                .forEach(prices::add));
        return new PriceMerge(new PriceTable(version, old.currency(), List.copyOf(prices)), List.copyOf(changes));
    }

    private static boolean isSame(Price one, Price other) {
        return one.input().compareTo(other.input()) == 0 && one.output().compareTo(other.output()) == 0
                && isSame(one.cachedInput(), other.cachedInput()) && isSame(one.cacheWrite(), other.cacheWrite());
    }

    private static boolean isSame(Optional<BigDecimal> one, Optional<BigDecimal> other) {
        return Objects.equals(one.map(BigDecimal::stripTrailingZeros),
                other.map(BigDecimal::stripTrailingZeros));
    }
}
