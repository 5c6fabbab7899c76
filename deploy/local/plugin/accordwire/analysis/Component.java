package accordwire.analysis;

import java.io.IOException;
import java.util.function.UnaryOperator;

import org.apache.lucene.analysis.TokenStream;
import org.elasticsearch.index.analysis.NormalizingTokenFilterFactory;
import org.elasticsearch.index.analysis.TokenFilterFactory;
import org.elasticsearch.indices.analysis.AnalysisModule.AnalysisProvider;
import org.elasticsearch.plugins.AnalysisPlugin;

/** How a token filter is made from its parameters, in one of the shapes Elasticsearch knows. */
final class Component {

    private Component() {}

    /** What one filter does with a token stream, settled by its parameters. */
    @FunctionalInterface
    interface Recipe {
        UnaryOperator<TokenStream> read(Parameters parameters) throws IOException;
    }

    /** A filter whose parameters all have defaults, so that its bare name may stand in a chain. */
    static AnalysisProvider<TokenFilterFactory> filter(String type, Recipe recipe, String... known) {
        return (index, environment, name, settings) ->
            new Filter(name, recipe.read(Parameters.of(type, name, settings, known)));
    }

    /** A filter that must be given parameters: its bare name means nothing. */
    static AnalysisProvider<TokenFilterFactory> configured(String type, Recipe recipe, String... known) {
        return AnalysisPlugin.requiresAnalysisSettings(filter(type, recipe, known));
    }

    /** A filter that works on single characters and may therefore stand in a keyword's normalizer. */
    static AnalysisProvider<TokenFilterFactory> normalizing(String type, Recipe recipe, String... known) {
        return (index, environment, name, settings) ->
            new NormalizingFilter(name, recipe.read(Parameters.of(type, name, settings, known)));
    }

    record Filter(String name, UnaryOperator<TokenStream> recipe) implements TokenFilterFactory {
        @Override
        public TokenStream create(TokenStream input) {
            return recipe.apply(input);
        }
    }

    record NormalizingFilter(String name, UnaryOperator<TokenStream> recipe) implements NormalizingTokenFilterFactory {
        @Override
        public TokenStream create(TokenStream input) {
            return recipe.apply(input);
        }
    }
}
