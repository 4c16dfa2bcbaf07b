package dev.signalbox.system.scenario;

import dev.signalbox.simulator.Simulator;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The vendors of the bench, and the configuration in which each trial has a model and deployments of its own: of each
 * family a sick vendor and a well one.
 *
 * @param callLimit on first byte, first token and gap: 30 s, or scaled
 */
record Bench(List<Trial> trials, Duration callLimit) {
    /** How the well vendor's names for the model asked for begin. */
    static final String TWIN = "twin-";
    /** How names of other models begin. */
    static final String OTHER = "other-";
    /** Model of the family that nothing is wrong with. */
    static final String HEALTHY = "healthy-";

    static String sick(Family family) {
        return family.label() + "-a";
    }

    static String well(Family family) {
        return family.label() + "-b";
    }

    static SimulatorOptions vendors() {
        ModelProfile brisk = ModelProfile.paced(ModelProfile.FIXED_ANSWER_TOKENS, 2);
        List<VendorProfile> vendors = new ArrayList<>();
        for (Family family : Family.values()) {
            vendors.add(VendorProfile.of(sick(family), brisk).withFamily(family.vendorFamily));
            vendors.add(VendorProfile.of(well(family), brisk).withFamily(family.vendorFamily));
        }
        return SimulatorOptions.of(vendors.toArray(VendorProfile[]::new));
    }

    String configuration(Simulator simulator) {
        StringBuilder vendors = new StringBuilder();
        StringBuilder deployments = new StringBuilder();
        StringBuilder routes = new StringBuilder();
        for (Family family : Family.values()) {
            for (String vendor : List.of(sick(family), well(family))) {
                vendors.append("""
                          %s:
                            family: %s
                            base_url: "%s"
                            timeouts: { first_byte: %4$dms, first_token: %4$dms, token_gap: %4$dms }
                        """.formatted(vendor, family.label(), simulator.baseUrl(vendor), callLimit.toMillis()));
            }
            String healthy = HEALTHY + family.label();
            deployments.append(deployment(well(family), healthy, healthy));
            routes.append(route(healthy, well(family), ""));
        }
        for (Trial trial : trials) {
            append(trial, deployments, routes);
        }
        return """
                environment: test
                vendors:
                %sdeployments:
                %spools:
                  main: { use_cases: [otherwise], priorities: [standard] }
                routes:
                %stopics: { partitions: 4 }
                """.formatted(vendors, deployments, routes);
    }

    private void append(Trial trial, StringBuilder deployments, StringBuilder routes) {
        String model = trial.name();
        String other = OTHER + model;
        String sick = sick(trial.family());
        String well = well(trial.family());
        String fault = trial.scenario().fault.formatted(callLimit.multipliedBy(4).toSeconds() + "s");
        deployments.append(deployment(sick, model, "sick-" + model + "@fault=" + fault));
        switch (trial.scenario().others) {
            case NOBODY -> routes.append(route(model, sick, ""));
            case TWIN -> {
                deployments.append(deployment(well, model, TWIN + model));
                routes.append(route(model, sick + ", " + well, ""));
            }
            case TWIN_THAT_MAY_CONTINUE -> {
                deployments.append(continuing(trial.family(), model, TWIN + model, trial.family() == Family.ANTHROPIC));
                routes.append(route(model, sick + ", " + well, ""));
            }
            case TWIN_OF_OTHER_FAMILY_THAT_MAY_CONTINUE -> {
                Family across = trial.family().other();
                deployments.append(continuing(across, model, TWIN + model, across == Family.ANTHROPIC));
                routes.append(route(model, sick + ", " + well(across), ""));
            }
            case TWIN_THAT_REFUSES_TO_CONTINUE -> {
                deployments.append(continuing(trial.family(), model, TWIN + model + "@fault=reject_prefill", true));
                routes.append(route(model, sick + ", " + well, ""));
            }
            case TWIN_OF_OTHER_FAMILY -> {
                String across = well(trial.family().other());
                deployments.append(deployment(across, model, TWIN + model));
                routes.append(route(model, sick + ", " + across, ""));
            }
            case TWIN_AND_LARGER_WINDOW -> {
                deployments.append(deployment(well, model, TWIN + model)).append(deployment(well, other, other));
                routes.append(route(model, sick + ", " + well, ", on_context_window: [" + other + "]"))
                        .append(route(other, well, ""));
            }
            case UNFILTERED -> {
                deployments.append(deployment(well, other, other));
                routes.append(route(model, sick, ", on_content_filter: [" + other + "]"))
                        .append(route(other, well, ""));
            }
            case FALLBACK_MODEL -> {
                deployments.append(deployment(well, other, other));
                routes.append(route(model, sick, ", fallback_models: [" + other + "]"))
                        .append(route(other, well, ""));
            }
        }
    }

    private static String continuing(Family family, String model, String vendorModel, boolean can) {
        return "  %1$s/%2$s: { vendor: %1$s, model_id: \"%3$s\", capabilities: { prefill: %4$s } }%n"
                .formatted(well(family), model, vendorModel, can);
    }

    private static String deployment(String vendor, String model, String vendorModel) {
        return "  %1$s/%2$s: { vendor: %1$s, model_id: \"%3$s\" }%n".formatted(vendor, model, vendorModel);
    }

    private static String route(String model, String places, String rules) {
        return "  %s: { test: { otherwise: { sequence: [%s]%s } } }%n".formatted(model, places, rules);
    }
}
