package dev.signalbox.simulator.meter;

/**
 * What a vendor charges for calls.
 *
 * @param answers calls whose callers were told their tokens
 * @param inputTokens of those
 * @param outputTokens of those
 * @param cuts calls that were answered in part, or whole without a word about tokens
 * @param cutInputTokens of those
 * @param cutOutputTokens of those: what was sent
 */
public record Bill(long answers, long inputTokens, long outputTokens, long cuts, long cutInputTokens,
        long cutOutputTokens) {
    public static final Bill NOTHING = new Bill(0, 0, 0, 0, 0, 0);

    public Bill plus(Bill more) {
        return new Bill(answers + more.answers, inputTokens + more.inputTokens, outputTokens + more.outputTokens,
                cuts + more.cuts, cutInputTokens + more.cutInputTokens, cutOutputTokens + more.cutOutputTokens);
    }
}
