package dev.signalbox.simulator.http;

import dev.signalbox.simulator.fault.FaultPlan;
import dev.signalbox.simulator.fault.FaultSyntax;
import dev.signalbox.simulator.language.CacheUse;
import dev.signalbox.simulator.language.CallRequest.PromptPrefix;
import dev.signalbox.simulator.language.VendorLanguage;
import dev.signalbox.simulator.meter.CallMeter;
import dev.signalbox.simulator.meter.Limiter;
import dev.signalbox.simulator.meter.MeterReading;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/** One vendor while it runs. The event loop's. */
final class SimulatedVendor {
    /** Model names with meters of their own; the faults in a name make many names possible. */
    private static final int MAX_MODELS = 1_000;
    private static final String MORE_MODELS = "(more)";
    private static final int CACHED_PROMPTS = 4_096;

    final VendorProfile profile;
    final VendorLanguage language;
    private final long seed;
    private CallMeter meter;
    private final Map<String, Model> models = new HashMap<>();
    private final Map<Long, Boolean> promptCache = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, Boolean> eldest) {
            return size() > CACHED_PROMPTS;
        }
    };

    /** One model while it runs. */
    final class Model {
        final ModelProfile behaviour;
        private final String name;
        private CallMeter modelMeter;
        private Limiter limiter;
        private FaultPlan ownFaults;
        private long drawn;

        private Model(String name, ModelProfile behaviour) {
            this.name = name;
            this.behaviour = behaviour;
            modelMeter = new CallMeter(profile.name(), name, 0);
            limiter = new Limiter(behaviour.limits());
            ownFaults = new FaultPlan(FaultSyntax.ofModelName(profile.name(), name), seed);
        }

        Limiter limiter() {
            return limiter;
        }

        FaultPlan ownFaults() {
            return ownFaults;
        }

        /** For the next call's times and length: the same for the n-th call of a model, whatever other models do. */
        RandomGenerator nextRandom() {
            return new SplittableRandom(seed ^ (31L * profile.name().hashCode() + name.hashCode()) << 20 ^ ++drawn);
        }

        void arrived(long nowMillis, int promptTokens) {
            meter.arrived(nowMillis, promptTokens);
            modelMeter.arrived(nowMillis, promptTokens);
        }

        void refused() {
            meter.refused();
            modelMeter.refused();
        }

        void sent(long nowMillis, int tokens) {
            meter.sent(nowMillis, tokens);
            modelMeter.sent(nowMillis, tokens);
        }

        void ended() {
            meter.ended();
            modelMeter.ended();
        }
    }

    SimulatedVendor(VendorProfile profile, VendorLanguage language, long seed) {
        this.profile = profile;
        this.language = language;
        this.seed = seed;
        meter = new CallMeter(profile.name(), "*", 0);
    }

    /**
     * The model of that name; empty if this vendor does not serve it.
     *
     * @throws IllegalArgumentException if the faults in its name cannot be read
     */
    Optional<Model> model(String name) {
        Model known = models.get(name);
        if (known != null) {
            return Optional.of(known);
        }
        Optional<Model> model = profile.model(FaultSyntax.baseModel(name))
                .map(behaviour -> new Model(models.size() < MAX_MODELS ? name : MORE_MODELS, behaviour));
        return model.map(fresh -> {
            Model earlier = models.putIfAbsent(fresh.name, fresh);
            return earlier == null ? fresh : earlier;
        });
    }

    /** The prompt cache has all these prefixes from now on. */
    CacheUse cache(List<PromptPrefix> prefixes) {
        if (prefixes.isEmpty()) {
            return CacheUse.NONE;
        }
        int read = 0;
        for (PromptPrefix prefix : prefixes) {
            read = promptCache.put(prefix.hash(), true) == null ? read : prefix.tokens();
        }
        return new CacheUse(read, prefixes.getLast().tokens() - read);
    }

    List<MeterReading> readings(long nowMillis) {
        List<MeterReading> readings = new ArrayList<>();
        readings.add(meter.reading(nowMillis));
        models.values().stream().sorted((a, b) -> a.name.compareTo(b.name))
                .forEach(model -> readings.add(model.modelMeter.reading(nowMillis)));
        return readings;
    }

    /** Meters, prompt cache and the counts of faults in model names begin again; limits and running calls go on. */
    void reset() {
        meter = new CallMeter(profile.name(), "*", meter.callsNow());
        promptCache.clear();
        for (Model model : models.values()) {
            model.modelMeter = new CallMeter(profile.name(), model.name, model.modelMeter.callsNow());
            model.ownFaults = new FaultPlan(model.ownFaults.rules(), seed);
            model.drawn = 0;
        }
    }
}
