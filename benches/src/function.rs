//! The functions that are timed.

/// A function of the crate; `ForwardBackward` is a training step, attention and its backward pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    WeightedSum,
    WeightedSumBackward,
    DotScores,
    DotScoresBackward,
    Softmax,
    SoftmaxBackward,
    AttentionWeights,
    AttentionWeightsBackward,
    Attention,
    AttentionBackward,
    ForwardBackward,
    CrossAttention,
    CrossAttentionBackward,
    DotProductAttention,
    DotProductAttentionBackward,
    LogSoftmax,
    LogSoftmaxBackward,
    SoftmaxCrossEntropy,
    Running,
}

use Function as F;

impl Function {
    pub const ALL: [Self; 19] = [
        F::WeightedSum,
        F::WeightedSumBackward,
        F::DotScores,
        F::DotScoresBackward,
        F::Softmax,
        F::SoftmaxBackward,
        F::AttentionWeights,
        F::AttentionWeightsBackward,
        F::Attention,
        F::AttentionBackward,
        F::ForwardBackward,
        F::CrossAttention,
        F::CrossAttentionBackward,
        F::DotProductAttention,
        F::DotProductAttentionBackward,
        F::LogSoftmax,
        F::LogSoftmaxBackward,
        F::SoftmaxCrossEntropy,
        F::Running,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            F::WeightedSum => "weighted_sum",
            F::WeightedSumBackward => "weighted_sum_backward",
            F::DotScores => "dot_scores",
            F::DotScoresBackward => "dot_scores_backward",
            F::Softmax => "softmax",
            F::SoftmaxBackward => "softmax_backward",
            F::AttentionWeights => "attention_weights",
            F::AttentionWeightsBackward => "attention_weights_backward",
            F::Attention => "attention",
            F::AttentionBackward => "attention_backward",
            F::ForwardBackward => "attention+backward",
            F::CrossAttention => "cross_attention",
            F::CrossAttentionBackward => "cross_attention_backward",
            F::DotProductAttention => "dot_product_attention",
            F::DotProductAttentionBackward => "dot_product_attention_backward",
            F::LogSoftmax => "log_softmax",
            F::LogSoftmaxBackward => "log_softmax_backward",
            F::SoftmaxCrossEntropy => "softmax_cross_entropy",
            F::Running => "Running::push_rows",
        }
    }

    /// Floating-point operations for each element of `hs` and each query; `None` where the exponential
    /// is most of the work.
    pub const fn operations(self) -> Option<u32> {
        match self {
            F::WeightedSum | F::DotScores | F::AttentionWeights => Some(2),
            F::WeightedSumBackward | F::DotScoresBackward | F::AttentionWeightsBackward => Some(3),
            F::Attention | F::CrossAttention | F::DotProductAttention => Some(4),
            F::DotProductAttentionBackward => Some(6),
            F::AttentionBackward | F::CrossAttentionBackward => Some(7),
            F::ForwardBackward => Some(11),
            _ => None,
        }
    }

    /// Whether an array as large as `hs` is written: the least that memory must do is then a copy.
    pub const fn writes_rows(self) -> bool {
        matches!(
            self,
            F::WeightedSumBackward
                | F::DotScoresBackward
                | F::AttentionWeightsBackward
                | F::AttentionBackward
                | F::ForwardBackward
                | F::CrossAttentionBackward
                | F::DotProductAttentionBackward
        )
    }

    /// Whether all U queries attend, instead of one.
    pub const fn has_queries(self) -> bool {
        matches!(
            self,
            F::CrossAttention
                | F::CrossAttentionBackward
                | F::DotProductAttention
                | F::DotProductAttentionBackward
        )
    }

    /// How many arrays as large as `hs` are read.
    pub const fn row_arrays(self) -> usize {
        match self {
            F::DotProductAttention | F::DotProductAttentionBackward => 2,
            _ => 1,
        }
    }
}
