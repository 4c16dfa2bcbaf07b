package dev.signalbox.system.broken;

import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeModel;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.Instruction;
import java.lang.classfile.MethodModel;
import java.lang.classfile.MethodTransform;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.ExceptionCatch;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One mechanism of the production code, switched off: a method of its compiled class is changed while the class is loaded
 * into a {@link BrokenWorld}. So the code that runs everywhere else knows of no switch, and what is broken is the code
 * that ships. A switch that finds nothing to change throws: renaming a mechanism cannot silently end its break test.
 *
 * @param type the class, by its binary name
 * @param method overloads are changed together
 */
public record Switch(String type, String method, Off off) {

    /** What the method does instead. */
    public sealed interface Off {
        /** Changes something inside of the method and of its lambdas; the others replace the method or run before it. */
        sealed interface Inside extends Off {
        }

        /** Answers this: a boolean (0 or 1), int or long; what is a reference, null or empty. */
        record Answers(long constant) implements Off {
        }

        /** Does nothing. */
        record DoesNothing() implements Off {
        }

        /** Answers what a method without parameters of the same object answers. */
        record AnswersLike(String other) implements Off {
        }

        /** Answers its parameter of this number, the first being 0. */
        record AnswersParameter(int number) implements Off {
        }

        /** Runs its parameter of this number, a Runnable, before anything else. */
        record RunsAtOnce(int number) implements Off {
        }

        /** Calls no method of this name, and takes the constant for its answer. */
        record DoesNotAsk(String called, long constant) implements Inside {
        }

        /** Reads this constant where it should read the field. */
        record ReadsAs(String field, long constant) implements Inside {
        }

        /** Catches nothing. */
        record CatchesNothing() implements Inside {
        }
    }

    public static Switch answers(String type, String method, boolean constant) {
        return new Switch(type, method, new Off.Answers(constant ? 1 : 0));
    }

    /** Answers null, or an empty Optional. */
    public static Switch answersNothing(String type, String method) {
        return new Switch(type, method, new Off.Answers(0));
    }

    public static Switch doesNothing(String type, String method) {
        return new Switch(type, method, new Off.DoesNothing());
    }

    public static Switch doesNotAsk(String type, String method, String called, long constant) {
        return new Switch(type, method, new Off.DoesNotAsk(called, constant));
    }

    public static Switch readsAs(String type, String method, String field, long constant) {
        return new Switch(type, method, new Off.ReadsAs(field, constant));
    }

    public static Switch catchesNothing(String type, String method) {
        return new Switch(type, method, new Off.CatchesNothing());
    }

    /**
     * The class with the mechanism off.
     *
     * @throws IllegalStateException if there is no such mechanism in it
     */
    byte[] applyTo(byte[] compiled, ClassLoader world) {
        AtomicInteger changes = new AtomicInteger();
        ClassFile format = ClassFile.of(ClassFile.DebugElementsOption.DROP_DEBUG, ClassFile.ClassHierarchyResolverOption
                .of(ClassHierarchyResolver.ofResourceParsing(world).orElse(ClassHierarchyResolver.defaultResolver())));
        ClassModel model = format.parse(compiled);
        byte[] changed = format.transformClass(model,
                ClassTransform.transformingMethods(this::isMeant, change(model.thisClass().asSymbol(), changes)));
        if (changes.get() == 0) {
            throw new IllegalStateException("nothing to switch off: " + this);
        }
        return changed;
    }

    private boolean isMeant(MethodModel candidate) {
        String name = candidate.methodName().stringValue();
        return name.equals(method) || (off instanceof Off.Inside && name.startsWith("lambda$" + method + "$"));
    }

    private MethodTransform change(ClassDesc owner, AtomicInteger changes) {
        return switch (off) {
            case Off.Answers(long constant) -> body(changes, (code, of) -> {
                push(code, of.methodTypeSymbol().returnType(), constant);
                code.return_(TypeKind.from(of.methodTypeSymbol().returnType()));
            });
            case Off.DoesNothing() -> body(changes, (code, of) -> code.return_());
            case Off.AnswersLike(String other) -> body(changes, (code, of) -> {
                ClassDesc answer = of.methodTypeSymbol().returnType();
                code.aload(0).invokevirtual(owner, other, MethodTypeDesc.of(answer)).return_(TypeKind.from(answer));
            });
            case Off.AnswersParameter(int number) -> body(changes, (code, of) -> {
                TypeKind kind = TypeKind.from(of.methodTypeSymbol().parameterType(number));
                code.loadLocal(kind, code.parameterSlot(number)).return_(kind);
            });
            case Off.RunsAtOnce(int number) -> first(changes, code -> code.aload(code.parameterSlot(number))
                    .invokeinterface(ClassDesc.of("java.lang.Runnable"), "run", ConstantDescs.MTD_void));
            case Off.DoesNotAsk(String called, long constant) -> MethodTransform.transformingCode((code, element) -> {
                if (element instanceof InvokeInstruction call && call.name().equalsString(called)) {
                    changes.incrementAndGet();
                    leaveOut(code, call);
                    push(code, call.typeSymbol().returnType(), constant);
                } else {
                    code.with(element);
                }
            });
            case Off.ReadsAs(String field, long constant) -> MethodTransform.transformingCode((code, element) -> {
                if (element instanceof FieldInstruction read && read.opcode() == Opcode.GETFIELD
                        && read.name().equalsString(field)) {
                    changes.incrementAndGet();
                    code.pop();
                    push(code, read.typeSymbol(), constant);
                } else {
                    code.with(element);
                }
            });
            case Off.CatchesNothing() -> MethodTransform.transformingCode((code, element) -> {
                if (element instanceof ExceptionCatch) {
                    changes.incrementAndGet();
                } else {
                    code.with(element);
                }
            });
        };
    }

    private interface Body {
        void write(CodeBuilder code, MethodModel of);
    }

    private static MethodTransform body(AtomicInteger changes, Body instead) {
        return (method, element) -> {
            if (element instanceof CodeModel code) {
                changes.incrementAndGet();
                method.withCode(builder -> instead.write(builder, code.parent().orElseThrow()));
            } else {
                method.with(element);
            }
        };
    }

    private interface Prefix {
        void write(CodeBuilder code);
    }

    private static MethodTransform first(AtomicInteger changes, Prefix prefix) {
        return MethodTransform.transformingCode(CodeTransform.ofStateful(() -> new CodeTransform() {
            private boolean written;

            @Override
            public void accept(CodeBuilder code, CodeElement element) {
                if (!written && element instanceof Instruction) {
                    written = true;
                    changes.incrementAndGet();
                    prefix.write(code);
                }
                code.with(element);
            }
        }));
    }

    /** Takes a call's arguments and object off the stack. */
    private static void leaveOut(CodeBuilder code, InvokeInstruction call) {
        for (int i = call.typeSymbol().parameterCount() - 1; i >= 0; i--) {
            drop(code, call.typeSymbol().parameterType(i));
        }
        if (call.opcode() != Opcode.INVOKESTATIC) {
            code.pop();
        }
    }

    private static void drop(CodeBuilder code, ClassDesc type) {
        if (TypeKind.from(type).slotSize() == 2) {
            code.pop2();
        } else {
            code.pop();
        }
    }

    private static void push(CodeBuilder code, ClassDesc type, long constant) {
        switch (TypeKind.from(type)) {
            case VOID -> {
            }
            case BOOLEAN, BYTE, CHAR, SHORT, INT -> code.loadConstant((int) constant);
            case LONG -> code.loadConstant(constant);
            case FLOAT -> code.loadConstant((float) constant);
            case DOUBLE -> code.loadConstant((double) constant);
            case REFERENCE -> {
                ClassDesc optional = ClassDesc.of("java.util.Optional");
                if (type.equals(optional)) {
                    code.invokestatic(optional, "empty", MethodTypeDesc.of(optional));
                } else {
                    code.aconst_null();
                }
            }
        }
    }
}
