/** What the system's tests need of the command. */
@NullMarked
package dev.signalbox.cli;

import org.jspecify.annotations.NullMarked;
