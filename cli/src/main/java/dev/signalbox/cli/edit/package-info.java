/** Changes in a configuration's text that leave the rest of it as its operators wrote it. */
@NullMarked
package dev.signalbox.cli.edit;

import org.jspecify.annotations.NullMarked;
