package dev.signalbox.simulator.language;

/**
 * What a vendor's prompt cache did for one request.
 *
 * @param readTokens of the prompt that were in it
 * @param writtenTokens of the prompt that are in it from now on
 */
public record CacheUse(int readTokens, int writtenTokens) {
    public static final CacheUse NONE = new CacheUse(0, 0);
}
