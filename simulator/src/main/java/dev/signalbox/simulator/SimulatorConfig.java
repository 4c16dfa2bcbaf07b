package dev.signalbox.simulator;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.signalbox.config.VendorFamily;
import dev.signalbox.simulator.fault.FaultPlanForm;
import dev.signalbox.simulator.profile.Distribution;
import dev.signalbox.simulator.profile.Limits;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Simulated vendors and a fault plan as YAML or JSON; {@code docs/simulator.md} shows all keys. */
public final class SimulatorConfig {
    private static final ObjectMapper YAML = YAMLMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

    private SimulatorConfig() {
    }

    /**
     * @throws IllegalArgumentException with {@code file:line:column: what is wrong}, fit for the operator
     * @throws IOException if it cannot be read
     */
    public static SimulatorOptions read(Path file) throws IOException {
        String text = Files.readString(file);
        try {
            SimulatorForm form = YAML.readValue(text, SimulatorForm.class);
            if (form == null) {
                throw new IllegalArgumentException(file + ":1:1: the file is empty");
            }
            return form.toOptions();
        } catch (JacksonException e) {
            JsonLocation at = e.getLocation();
            Throwable cause = e.getCause();
            String why = cause instanceof IllegalArgumentException ? cause.getMessage() : e.getOriginalMessage();
            throw new IllegalArgumentException(
                    file + ":" + (at == null ? "1:1" : at.getLineNr() + ":" + at.getColumnNr()) + ": " + why, e);
        }
    }

    record SimulatorForm(@Nullable Long seed, @Nullable Map<String, VendorForm> vendors,
            @Nullable List<FaultPlanForm> faults) {
        SimulatorForm {
            options(seed, vendors, faults);
        }

        SimulatorOptions toOptions() {
            return options(seed, vendors, faults);
        }

        private static SimulatorOptions options(@Nullable Long seed, @Nullable Map<String, VendorForm> vendors,
                @Nullable List<FaultPlanForm> faults) {
            List<VendorProfile> profiles = new ArrayList<>();
            if (vendors != null) {
                vendors.forEach((name, form) -> profiles.add(form.toProfile(name)));
            }
            SimulatorOptions options = SimulatorOptions.of(profiles.toArray(VendorProfile[]::new))
                    .withSeed(seed == null ? 1 : seed);
            return faults == null
                    ? options
                    : options.withFaults(faults.stream().map(FaultPlanForm::toRule).toList());
        }
    }

    /** How models of a vendor behave; what is not said is as the base says. */
    record ModelForm(@JsonProperty("first_token") @Nullable String firstToken,
            @JsonProperty("per_token") @Nullable String perToken,
            @JsonProperty("output_tokens") @Nullable String outputTokens,
            @JsonProperty("context_window") @Nullable Integer contextWindow, @Nullable LimitsForm limits) {
        ModelForm {
            merged(ModelProfile.ZERO_LATENCY, firstToken, perToken, outputTokens, contextWindow, limits);
        }

        ModelProfile toProfile(ModelProfile base) {
            return merged(base, firstToken, perToken, outputTokens, contextWindow, limits);
        }
    }

    private static ModelProfile merged(ModelProfile base, @Nullable String firstToken, @Nullable String perToken,
            @Nullable String outputTokens, @Nullable Integer contextWindow, @Nullable LimitsForm limits) {
        return new ModelProfile(distribution(firstToken, base.firstTokenMillis()),
                distribution(perToken, base.perTokenMillis()), distribution(outputTokens, base.outputTokens()),
                contextWindow == null ? base.contextWindowTokens() : contextWindow,
                limits == null ? base.limits() : limits.toLimits());
    }

    private static Distribution distribution(@Nullable String text, Distribution otherwise) {
        return text == null ? otherwise : Distribution.parse(text);
    }

    record LimitsForm(@Nullable Integer concurrency,
            @JsonProperty("requests_per_minute") @Nullable Integer requestsPerMinute,
            @JsonProperty("tokens_per_minute") @Nullable Integer tokensPerMinute,
            @JsonProperty("input_tokens_per_minute") @Nullable Integer inputTokensPerMinute,
            @JsonProperty("output_tokens_per_minute") @Nullable Integer outputTokensPerMinute) {
        LimitsForm {
            limits(concurrency, requestsPerMinute, tokensPerMinute, inputTokensPerMinute, outputTokensPerMinute);
        }

        Limits toLimits() {
            return limits(concurrency, requestsPerMinute, tokensPerMinute, inputTokensPerMinute,
                    outputTokensPerMinute);
        }

        private static Limits limits(@Nullable Integer concurrency, @Nullable Integer requestsPerMinute,
                @Nullable Integer tokensPerMinute, @Nullable Integer inputTokensPerMinute,
                @Nullable Integer outputTokensPerMinute) {
            return new Limits(or(concurrency), or(requestsPerMinute), or(tokensPerMinute), or(inputTokensPerMinute),
                    or(outputTokensPerMinute));
        }

        private static int or(@Nullable Integer limit) {
            return limit == null ? Limits.UNLIMITED : limit;
        }
    }

    record VendorForm(@Nullable String family, @JsonProperty("api_key") @Nullable String apiKey,
            @Nullable String profile, @JsonProperty("first_token") @Nullable String firstToken,
            @JsonProperty("per_token") @Nullable String perToken,
            @JsonProperty("output_tokens") @Nullable String outputTokens,
            @JsonProperty("context_window") @Nullable Integer contextWindow, @Nullable LimitsForm limits,
            @Nullable Boolean strict, @Nullable Map<String, ModelForm> models) {
        VendorForm {
            vendor("checked", family, apiKey,
                    merged(base(profile), firstToken, perToken, outputTokens, contextWindow, limits), strict, models);
        }

        VendorProfile toProfile(String name) {
            return vendor(name, family, apiKey,
                    merged(base(profile), firstToken, perToken, outputTokens, contextWindow, limits), strict, models);
        }

        private static VendorProfile vendor(String name, @Nullable String family, @Nullable String apiKey,
                ModelProfile standard, @Nullable Boolean strict, @Nullable Map<String, ModelForm> models) {
            Map<String, ModelProfile> known = new LinkedHashMap<>();
            if (models != null) {
                models.forEach((model, form) -> known.put(model, form == null ? standard : form.toProfile(standard)));
            }
            return new VendorProfile(name, family(family), Optional.ofNullable(apiKey), standard, known,
                    strict != null && strict);
        }

        private static VendorFamily family(@Nullable String text) {
            return switch (text) {
                case null -> VendorFamily.OPENAI;
                case "openai" -> VendorFamily.OPENAI;
                case "anthropic" -> VendorFamily.ANTHROPIC;
                default -> throw new IllegalArgumentException("family '" + text.toLowerCase(Locale.ROOT)
                        + "' is not simulated; there are openai and anthropic");
            };
        }

        private static ModelProfile base(@Nullable String text) {
            return switch (text) {
                case null -> ModelProfile.ZERO_LATENCY;
                case "zero_latency" -> ModelProfile.ZERO_LATENCY;
                case "realistic" -> ModelProfile.REALISTIC;
                default -> throw new IllegalArgumentException(
                        "profile '" + text + "' is unknown; there are zero_latency and realistic");
            };
        }
    }
}
