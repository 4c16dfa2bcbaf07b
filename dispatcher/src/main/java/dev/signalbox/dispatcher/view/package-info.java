/** What the stores hold, for operators: any instance answers for all of them, asking the owners. */
@NullMarked
package dev.signalbox.dispatcher.view;

import org.jspecify.annotations.NullMarked;
