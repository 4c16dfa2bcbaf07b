package dev.signalbox.cli.usage;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SequenceWriter;
import dev.signalbox.config.PriceTable;
import dev.signalbox.schemas.avro.UsageRecord;
import java.io.IOException;
import java.io.OutputStream;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * FOCUS, the FinOps Open Cost and Usage Specification 1.0, as CSV: a row for each charge of a call. What the specification
 * wants never to be null is null here in one case: a cost that is not known, which is not 0.
 */
final class FocusUsageWriter implements UsageWriter {
    static final List<String> COLUMNS = List.of("BilledCost", "BillingAccountId", "BillingAccountName",
            "BillingCurrency", "BillingPeriodEnd", "BillingPeriodStart", "ChargeCategory", "ChargeClass",
            "ChargeDescription", "ChargeFrequency", "ChargePeriodEnd", "ChargePeriodStart", "ConsumedQuantity",
            "ConsumedUnit", "ContractedCost", "ContractedUnitPrice", "EffectiveCost", "InvoiceIssuerName", "ListCost",
            "ListUnitPrice", "PricingCategory", "PricingQuantity", "PricingUnit", "ProviderName", "PublisherName",
            "RegionId", "RegionName", "ResourceId", "ResourceName", "ResourceType", "ServiceCategory", "ServiceName",
            "SkuId", "SkuPriceId", "SubAccountId", "SubAccountName", "Tags", "x_EventId", "x_RequestId", "x_Model",
            "x_TokenType", "x_Deployment", "x_Outcome", "x_Estimated", "x_PriceVersion");
    private static final int MILLION = 6;
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final PriceTable prices;
    private final SequenceWriter rows;

    /** @param prices give the currency, and the price of each token type where they are those of the record */
    FocusUsageWriter(OutputStream out, PriceTable prices) throws IOException {
        this.prices = prices;
        this.rows = CsvUsageWriter.rows(out, COLUMNS);
    }

    @Override
    public void write(UsageRecord usage) throws IOException {
        for (FocusCharge charge : FocusCharge.of(usage, prices)) {
            rows.write(new ArrayList<>(row(usage, charge).values()));
        }
    }

    private Map<String, @Nullable String> row(UsageRecord usage, FocusCharge charge) throws IOException {
        Instant start = Instant.ofEpochMilli(usage.getStartedMillis());
        Long ended = usage.getEndedMillis();
        YearMonth month = YearMonth.from(start.atOffset(ZoneOffset.UTC));
        Map<String, @Nullable String> row = new LinkedHashMap<>();
        COLUMNS.forEach(column -> row.put(column, null));
        for (String cost : List.of("BilledCost", "ContractedCost", "EffectiveCost", "ListCost")) {
            row.put(cost, plain(charge.cost()));
        }
        row.put("BillingAccountId", usage.getEnvironment());
        row.put("BillingAccountName", usage.getEnvironment());
        row.put("BillingCurrency", prices.currency());
        row.put("BillingPeriodStart", month.atDay(1).atStartOfDay(ZoneOffset.UTC).toInstant().toString());
        row.put("BillingPeriodEnd", month.plusMonths(1).atDay(1).atStartOfDay(ZoneOffset.UTC).toInstant().toString());
        row.put("ChargeCategory", "Usage");
        row.put("ChargeFrequency", "Usage-Based");
        row.put("ChargeDescription", charge.tokenType().replace('_', ' ') + " tokens of " + usage.getModel());
        row.put("ChargePeriodStart", start.toString());
        row.put("ChargePeriodEnd", start.plusMillis(
                ended == null ? 1 : Math.max(1, ended - usage.getStartedMillis())).toString());
        consumption(row, charge);
        provider(row, usage, charge);
        row.put("SubAccountId", usage.getTenant());
        row.put("SubAccountName", usage.getTenant());
        row.put("Tags", tags(usage));
        row.put("x_EventId", usage.getEventId());
        row.put("x_RequestId", usage.getRequestId());
        row.put("x_Model", usage.getModel());
        row.put("x_TokenType", charge.tokenType());
        row.put("x_Deployment", usage.getDeployment());
        row.put("x_Outcome", usage.getOutcome());
        row.put("x_Estimated", usage.getUsage() == null ? null : String.valueOf(usage.getUsage().getEstimated()));
        row.put("x_PriceVersion", usage.getPriceVersion());
        return row;
    }

    private static void consumption(Map<String, @Nullable String> row, FocusCharge charge) {
        if (charge.tokens() != null) {
            BigDecimal tokens = BigDecimal.valueOf(charge.tokens());
            row.put("ConsumedQuantity", plain(tokens));
            row.put("ConsumedUnit", "Tokens");
            row.put("PricingQuantity", plain(tokens.movePointLeft(MILLION)));
            row.put("PricingUnit", "1000000 Tokens");
        }
        row.put("PricingCategory", "Standard");
        row.put("ListUnitPrice", plain(charge.perMillion()));
        row.put("ContractedUnitPrice", plain(charge.perMillion()));
    }

    private static void provider(Map<String, @Nullable String> row, UsageRecord usage, FocusCharge charge) {
        for (String name : List.of("InvoiceIssuerName", "ProviderName", "PublisherName")) {
            row.put(name, usage.getVendor());
        }
        row.put("RegionId", usage.getRegion());
        row.put("RegionName", usage.getRegion());
        row.put("ResourceId", usage.getDeployment());
        row.put("ResourceName", usage.getDeployment());
        row.put("ResourceType", "LLM deployment");
        row.put("ServiceCategory", "AI and Machine Learning");
        row.put("ServiceName", usage.getVendor() + " LLM");
        String sku = usage.getDeployment() + "/" + charge.tokenType();
        row.put("SkuId", sku);
        row.put("SkuPriceId", charge.perMillion() == null ? null : sku + "@" + usage.getPriceVersion());
    }

    private static String tags(UsageRecord usage) throws IOException {
        Map<String, String> tags = new LinkedHashMap<>();
        tags.put("environment", usage.getEnvironment());
        tags.put("use_case", usage.getUseCase());
        if (usage.getDepartment() != null) {
            tags.put("department", usage.getDepartment());
        }
        tags.put("pool", usage.getPool());
        tags.put("priority", usage.getPriority());
        return MAPPER.writeValueAsString(tags);
    }

    private static @Nullable String plain(@Nullable BigDecimal number) {
        return number == null ? null : number.toPlainString();
    }

    @Override
    public void close() throws IOException {
        rows.close();
    }
}
