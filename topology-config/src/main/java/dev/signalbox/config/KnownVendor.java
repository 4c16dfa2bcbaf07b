package dev.signalbox.config;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Vendors that need not be declared, with what is known about them. */
enum KnownVendor {
    ANTHROPIC(VendorFamily.ANTHROPIC, "https://api.anthropic.com"),
    OPENAI(VendorFamily.OPENAI, "https://api.openai.com/v1"),
    /** Each resource has a host of its own, so that there is no URL to know. */
    AZURE(VendorFamily.AZURE_OPENAI, ""),
    BEDROCK(VendorFamily.BEDROCK, "https://bedrock-runtime.{region}.amazonaws.com"),
    VERTEX(VendorFamily.VERTEX, "https://{region}-aiplatform.googleapis.com");

    private static final String REGION = "{region}";

    private final VendorFamily family;
    private final String baseUrl;

    KnownVendor(VendorFamily family, String baseUrl) {
        this.family = family;
        this.baseUrl = baseUrl;
    }

    static Optional<KnownVendor> named(String name) {
        return Arrays.stream(values()).filter(vendor -> vendor.label().equals(name)).findFirst();
    }

    static List<String> names() {
        return Arrays.stream(values()).map(KnownVendor::label).toList();
    }

    String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    VendorFamily family() {
        return family;
    }

    /** Its one URL; empty if each region or resource has another. */
    Optional<String> baseUrl() {
        return baseUrl.isEmpty() || isRegional() ? Optional.empty() : Optional.of(baseUrl);
    }

    boolean isRegional() {
        return baseUrl.contains(REGION);
    }

    /** Its URL in a region; empty if the region says nothing about it. */
    Optional<String> baseUrl(String region) {
        if (!isRegional()) {
            return baseUrl();
        }
        return Optional.of(this == VERTEX && region.equals("global")
                ? "https://aiplatform.googleapis.com"
                : baseUrl.replace(REGION, region));
    }
}
