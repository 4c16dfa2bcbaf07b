package dev.signalbox.cli.prices;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.signalbox.cli.CommandFailure;
import dev.signalbox.cli.ExitCode;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;

/**
 * The public price table: LiteLLM's {@code model_prices_and_context_window.json}, an object of models under their names,
 * some with a prefix for the provider, with costs in US dollars per token.
 *
 * <p>A cost that is absent, no number, or 0 is unknown here: the table has 0 both for what is free and for what nobody
 * has filled in.
 */
public final class PublicPrices {
    static final String CURRENCY = "USD";
    private static final ObjectMapper JSON = new ObjectMapper()
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);
    private static final int TOKENS = 6;
    private static final int FINGERPRINT_BYTES = 4;

    private final JsonNode models;
    private final String fingerprint;

    private PublicPrices(JsonNode models, String fingerprint) {
        this.models = models;
        this.fingerprint = fingerprint;
    }

    /**
     * A model of the table.
     *
     * @param provider in the table's words, such as {@code bedrock_converse}
     * @param input per million tokens, as the others; empty: unknown
     * @param tiered whether the table has other prices beyond some length of the prompt, which are not taken
     */
    public record Model(String key, String provider, Optional<BigDecimal> input, Optional<BigDecimal> output,
            Optional<BigDecimal> cachedInput, Optional<BigDecimal> cacheWrite, boolean tiered) {
    }

    /** @throws CommandFailure if it cannot be read, or is no such table */
    public static PublicPrices read(Path file) {
        try {
            return parse(file.toString(), Files.readAllBytes(file));
        } catch (NoSuchFileException e) {
            throw new CommandFailure(ExitCode.USAGE,
                    file + ": no such file; download model_prices_and_context_window.json of BerriAI/litellm first", e);
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.USAGE,
                    file + ": cannot be read (" + e.getClass().getSimpleName() + ")", e);
        }
    }

    static PublicPrices parse(String name, byte[] bytes) throws IOException {
        JsonNode models;
        try {
            models = JSON.readTree(bytes);
        } catch (JsonProcessingException e) {
            throw new CommandFailure(ExitCode.USAGE, name + ":" + e.getLocation().getLineNr() + ":"
                    + e.getLocation().getColumnNr() + ": is no JSON; download the table again", e);
        }
        if (!models.isObject() || models.findValue("litellm_provider") == null) {
            throw new CommandFailure(ExitCode.USAGE, name
                    + ": is no price table: there is no model with litellm_provider; the table is"
                    + " model_prices_and_context_window.json of BerriAI/litellm");
        }
        return new PublicPrices(models, fingerprint(bytes));
    }

    private static String fingerprint(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes), 0, FINGERPRINT_BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
    }

    /** First digits of the file's SHA-256, in hex. */
    public String fingerprint() {
        return fingerprint;
    }

    /** The model under that very name; the table's own example is none. */
    public Optional<Model> model(String key) {
        JsonNode model = models.path(key);
        if (!model.isObject() || key.equals("sample_spec")) {
            return Optional.empty();
        }
        return Optional.of(new Model(key, model.path("litellm_provider").asText(), cost(model, "input_cost_per_token"),
                cost(model, "output_cost_per_token"), cost(model, "cache_read_input_token_cost"),
                cost(model, "cache_creation_input_token_cost"),
                model.propertyStream().anyMatch(field -> field.getKey().contains("_above_"))));
    }

    private static Optional<BigDecimal> cost(JsonNode model, String field) {
        JsonNode cost = model.path(field);
        if (!cost.isNumber() || cost.decimalValue().signum() <= 0) {
            return Optional.empty();
        }
        BigDecimal million = cost.decimalValue().movePointRight(TOKENS).stripTrailingZeros();
        return Optional.of(million.scale() < 0 ? million.setScale(0) : million);
    }
}
