/** The {@code what-if} command: a load, a configuration and outages on a virtual clock, by the models that serve. */
@NullMarked
package dev.signalbox.cli.whatif;

import org.jspecify.annotations.NullMarked;
