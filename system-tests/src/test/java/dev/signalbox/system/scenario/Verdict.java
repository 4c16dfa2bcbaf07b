package dev.signalbox.system.scenario;

/** What one run of a scenario came to, worst last. */
enum Verdict {
    /** The right behaviour, within its bar. */
    PASS,
    /** A right answer, but late, with too many calls, or told wrongly. */
    PARTIAL,
    /** An honest error where an answer was possible. */
    SAFE,
    /** A wrong or truncated answer called success, or no reply at all. */
    FAIL
}
