package dev.signalbox.simulator.profile;

import dev.signalbox.config.VendorFamily;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * One simulated vendor.
 *
 * @param name its path prefix and its name in the log: letters, digits, {@code . _ -}
 * @param family the request language it speaks
 * @param apiKey what a caller must show; empty: anything goes
 * @param standard how a model behaves that {@code models} does not name
 * @param models how models behave, by the name that a request asks for; if {@code strict}, there are no others
 * @param strict whether other models are refused as not found
 */
public record VendorProfile(String name, VendorFamily family, Optional<String> apiKey, ModelProfile standard,
        Map<String, ModelProfile> models, boolean strict) {
    public VendorProfile {
        if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,63}")) {
            throw new IllegalArgumentException("'" + name + "' is no vendor name: letters, digits, '.', '_', '-'");
        }
        models = Map.copyOf(models);
    }

    /** A vendor of the OpenAI family that serves any model name, all alike. */
    public static VendorProfile of(String name, ModelProfile standard) {
        return new VendorProfile(name, VendorFamily.OPENAI, Optional.empty(), standard, Map.of(), false);
    }

    public VendorProfile withFamily(VendorFamily language) {
        return new VendorProfile(name, language, apiKey, standard, models, strict);
    }

    /** Other models than the named ones are refused as not found. */
    public VendorProfile strictly() {
        return new VendorProfile(name, family, apiKey, standard, models, true);
    }

    public VendorProfile withModel(String model, ModelProfile profile) {
        Map<String, ModelProfile> changed = new LinkedHashMap<>(models);
        changed.put(model, profile);
        return new VendorProfile(name, family, apiKey, standard, changed, strict);
    }

    public VendorProfile withApiKey(String key) {
        return new VendorProfile(name, family, Optional.of(key), standard, models, strict);
    }

    /** How {@code model} behaves; empty if this vendor does not know it. */
    public Optional<ModelProfile> model(String model) {
        ModelProfile own = models.get(model);
        return own != null ? Optional.of(own) : strict ? Optional.empty() : Optional.of(standard);
    }
}
