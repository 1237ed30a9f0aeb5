"""The generators as the engine calls them: random people (`StylePrior`) and mask + style -> face (`MaskGuided`)."""
