/** The {@code batch} command: a file of requests is checked, planned, sent, and its answers are journalled. */
@NullMarked
package dev.signalbox.cli.batch;

import org.jspecify.annotations.NullMarked;
