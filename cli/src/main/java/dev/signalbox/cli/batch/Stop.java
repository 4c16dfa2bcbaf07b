package dev.signalbox.cli.batch;

import dev.signalbox.cli.ExitCode;

/**
 * Why a run sends no more.
 *
 * @param awaitsReplies whether what is on its way is still awaited
 */
record Stop(ExitCode exitCode, String message, boolean awaitsReplies) {
}
