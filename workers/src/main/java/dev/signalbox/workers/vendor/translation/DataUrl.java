package dev.signalbox.workers.vendor.translation;

import java.util.Optional;

/** Data in a URL: {@code data:<media type>;base64,<data>}. */
record DataUrl(String mediaType, String base64) {
    private static final String SCHEME = "data:";
    private static final String ENCODING = ";base64,";

    static Optional<DataUrl> parse(String url) {
        int comma = url.indexOf(ENCODING);
        return url.startsWith(SCHEME) && comma > SCHEME.length()
                ? Optional.of(new DataUrl(url.substring(SCHEME.length(), comma),
                        url.substring(comma + ENCODING.length())))
                : Optional.empty();
    }

    @Override
    public String toString() {
        return SCHEME + mediaType + ENCODING + base64;
    }
}
